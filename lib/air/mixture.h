// SPDX-License-Identifier: GPL-3.0-or-later
// The mixture y = x_s + T_z p + noise and its maximum-likelihood fit.
//
// Message s is uniform over the codebook; component z of an adversary's K is unknown.
// Components are free vectors with weights of their own, or tied: images of one p under
// transforms T_z (a cyclic shift and a factor of modulus 1), all equally likely. The
// noise variance, per real dimension, is estimated, too.
//
// Cost of a pass per block: (M + 2 K) 2n multiply-adds and M K exponentials.
// Reference: the numpy EM in tests/test_canceller.py.
#pragma once
#include "air/mixture_kernels.h"
#include <complex>
#include <valarray>
#include <vector>

namespace gr::advphy {

// Real and imaginary parts of a block in turn; blocks, or components.
using row = std::valarray<double>;
using rows = std::vector<row>;

// Sum of squares.
double energy_of(const row& of);

// Blocks to estimate from, as [floats][blocks]; blocks is a multiple of 16.
struct observations {
    size_t blocks = 0, floats = 0, present_blocks = 0;
    std::vector<float> y;
    std::vector<float> with_codewords; // inner products, [messages][blocks]
    std::vector<float> present; // 1, or 0 for a block that is not finite
    double energy = 0; // sum of |y|^2

    // count blocks of y [..][floats], `step` blocks apart.
    observations(const float* y,
                 const std::vector<float>& codebook,
                 size_t messages,
                 size_t count,
                 size_t step);
    row block(size_t b) const;
};

// Far below what noise adds to a log-likelihood: 1/2 for each parameter.
constexpr double enough_rise = 0.01;

struct transform {
    size_t shift = 0;
    std::complex<double> factor = 1.0;
};

// T_z p of an interleaved complex row.
row image_of(const transform& t, const row& p);
row inverse_image(const transform& t, const row& p);

// Sufficient statistics: blocks of each component, and the sums of y - x_s over them.
struct statistics {
    row blocks;
    rows sums;

    statistics& operator+=(const statistics& other);
    statistics& operator*=(double factor);
};

class mixture
{
public:
    // codebook: [messages][floats]; tied: a transform for each component, or empty.
    mixture(const std::vector<float>& codebook,
            size_t messages,
            std::vector<transform> tied,
            rows components);

    // The tied mixture that begins with one p.
    static mixture tied_to(const std::vector<float>& codebook,
                           size_t messages,
                           const std::vector<transform>& tied,
                           const row& p);

    // Fit by at most so many iterations of expectation-maximization, fewer when the
    // log-likelihood no longer rises by more than enough_rise; returns the log-likelihood
    // of the first `blocks` observed before the last step. The statistics of the
    // past count as if they were observed, too. fixed: leave the components, fit the
    // noise only.
    double fit(const observations& from,
               size_t blocks,
               size_t iterations,
               const statistics* past = nullptr,
               bool fixed = false);

    // The most likely component of each block; y [count][floats].
    void choose(const float* y, size_t count, uint8_t* component) const;
    // Squared distance of each block to the nearest x_s + p_z.
    row distances(const observations& from, size_t blocks);

    size_t components() const { return d_p.size(); }
    const rows& p() const { return d_p; }
    const std::vector<double>& weights() const { return d_weights; }
    double variance() const { return d_variance; }
    const statistics& fitted() const { return d_statistics; }

private:
    void prepare(double inverse_variance);
    double pass(const observations& from, size_t blocks, double variance);
    void maximize(const statistics* past);
    mixture_view view() const;

    std::vector<float> d_codebook;
    size_t d_messages, d_floats;
    std::vector<transform> d_tied;
    rows d_p;
    std::vector<double> d_weights;
    double d_variance = 0;
    statistics d_statistics;
    double d_residual = 0; // mean of |y - x_s - p_z|^2 over the posterior
    double d_floor; // of the variance
    // What the kernel reads.
    std::vector<float> d_rows, d_prior, d_work, d_largest, d_total, d_mean;
    std::vector<double> d_totals;
    float d_inverse = 0;
};

} // namespace gr::advphy
