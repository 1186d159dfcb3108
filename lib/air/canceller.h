// SPDX-License-Identifier: GPL-3.0-or-later
// Blind canceller: estimate what an adversary adds to a window of received vectors, from
// the codebook alone, and subtract it.
//
// The adversary is assumed to belong to one of several families. Each family is fitted to
// a sample of the window as a mixture (mixture.h), from several starts, and the most
// likely one is chosen. Then its most likely component is subtracted from each block.
//
// The sample has one block of each `blocks / sampled` successive ones, drawn by a hash of
// the received samples: nobody knows their noise in advance, so no adversary can change p
// in step with the sample. Another block of each is drawn for a check of the fit.
//
// Cost: for one component 2 (iterations + 2) passes over the sample and one addition per
// float of the window; for K components about 3 M further passes over 64 blocks, and for
// each block of the window M + K inner products and M K comparisons.
// Reference: the numpy EM in tests/test_canceller.py.
#pragma once
#include "air/mixture.h"

namespace gr::advphy {

// A family: K free components, or the images of one p under these transforms.
struct family {
    size_t components = 1;
    std::vector<transform> tied;
    double penalty = 0; // subtracted from the log-likelihood: parameters also fit noise
};

struct estimate {
    mixture fitted;
    size_t which; // index of the family
    double statistic; // 2 (log-likelihood - penalty - log-likelihood of no adversary)
    double gain; // the same on blocks that were not fitted, without penalty; else 0
    statistics weight; // from which the next window may continue
};

class canceller
{
public:
    // codebook: [messages][floats], real and imaginary parts in turn. sampled: number of
    // blocks of a window used for the estimate, a multiple of 16.
    canceller(std::vector<float> codebook,
              size_t messages,
              std::vector<family> families,
              size_t sampled,
              size_t iterations);

    size_t floats() const { return d_code.floats; }

    // Estimate from a window [blocks][floats]; blocks is a multiple of `sampled`. The
    // statistics of a past estimate are added with the factor `forgetting`. The past is
    // ignored if it lowers twice the log-likelihood of the window by more than `change`.
    // known: a part of the perturbation that is known already, [blocks][floats], or null;
    // the estimate is of the rest, and its statistic and gain are of both parts.
    estimate find(const float* y,
                  size_t blocks,
                  const estimate* past = nullptr,
                  double forgetting = 0,
                  double change = 0,
                  const float* known = nullptr) const;

    // Subtract the most likely component from each block of y.
    void subtract(const estimate& found, float* y, size_t blocks) const;

private:
    row difference_of_means(const observations& from) const;
    rows differences(const row& y, size_t most) const;
    rows spread(const observations& from, row first, size_t count) const;
    std::vector<mixture> starts(const family& of, const observations& from) const;
    mixture fit(const family& of, const observations& from, double& likelihood) const;

    code d_code;
    std::vector<family> d_families;
    size_t d_sampled, d_iterations;
};

} // namespace gr::advphy
