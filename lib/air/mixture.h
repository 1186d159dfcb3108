// SPDX-License-Identifier: GPL-3.0-or-later
// The mixture y = x_s + T_z p + noise and its maximum-likelihood fit.
//
// Message s is uniform over the codebook; the component z, one of K, is unknown.
// Components are free vectors, each with its own weight, or tied: images of one p under
// transforms T_z (a cyclic shift and a factor of modulus 1), all equally likely. The
// noise variance per real dimension is estimated as well.
//
// Cost of a pass per block: (M + 2 K) 2n multiply-adds and M K exponentials.
// Reference: the numpy EM in tests/test_canceller.py.
#pragma once
#include "air/mixture_kernels.h"
#include <complex>
#include <valarray>
#include <vector>

namespace gr::advphy {

// Real and imaginary parts of a block in turn, and several blocks or components.
using row = std::valarray<double>;
using rows = std::vector<row>;

// Sum of squares.
double energy_of(const row& of);

// Codewords, [messages][floats].
struct code {
    std::vector<float> values;
    size_t messages, floats;
};

// Blocks of an estimate, as [floats][blocks]; blocks is a multiple of 16.
struct observations {
    size_t blocks = 0, floats = 0, present_blocks = 0;
    std::vector<float> y;
    std::vector<float> with_codewords; // inner products, [messages][blocks]
    std::vector<float> present; // 1, or 0 for a block that is not finite
    double energy = 0; // sum of |y|^2

    // The blocks of y [..][floats] at these positions, a multiple of 16 of them. known:
    // what is subtracted from y before, [..][floats], or null.
    observations(const float* y,
                 const float* known,
                 const code& codewords,
                 const std::vector<size_t>& positions);
    row block(size_t b) const;
    blocks_view view(size_t used) const
    {
        return { y.data(), with_codewords.data(), present.data(), blocks, used };
    }
};

// Far below the 1/2 per parameter that noise adds to a log-likelihood.
constexpr double enough_rise = 0.01;

struct transform {
    size_t shift = 0;
    std::complex<double> factor = 1.0;
};

// T_z p of an interleaved complex row.
row image_of(const transform& t, const row& p);
row inverse_image(const transform& t, const row& p);

// Sufficient statistics: number of blocks of each component, and their sums of y - x_s.
struct statistics {
    row blocks;
    rows sums;

    statistics& operator+=(const statistics& other);
};

class mixture
{
public:
    // tied: a transform for each component, or empty.
    mixture(const code& codewords, std::vector<transform> tied, rows components);

    // Fit to the first `blocks` observations by expectation-maximization. It stops after
    // `iterations`, or when the log-likelihood rises by less than enough_rise. Returns
    // the log-likelihood before the last step. The statistics of the past are added to
    // those observed. fixed: fit only the noise, not the components.
    double fit(const observations& from,
               size_t blocks,
               size_t iterations,
               const statistics* past = nullptr,
               bool fixed = false);

    // Return the log-likelihood of other observations, without a fit.
    double likelihood(const observations& of);
    // Write the most likely component of each block; y [count][floats].
    void choose(const float* y, size_t count, uint8_t* component) const;
    // Squared distance of each block to the nearest x_s + p_z.
    row distances(const observations& from, size_t blocks);

    const rows& p() const { return d_p; }
    const std::vector<double>& weights() const { return d_weights; }
    double variance() const { return d_variance; }
    const statistics& fitted() const { return d_statistics; }

private:
    void prepare(double inverse_variance);
    double pass(const observations& from, size_t blocks, double variance);
    void maximize(const statistics* past);
    mixture_view view() const;

    code d_code;
    std::vector<transform> d_tied;
    rows d_p;
    std::vector<double> d_weights;
    double d_variance = 0;
    statistics d_statistics;
    double d_residual = 0; // mean of |y - x_s - p_z|^2 over the posterior
    double d_floor; // lower limit of the variance
    // Arrays of the kernel.
    std::vector<float> d_rows, d_prior, d_work, d_largest, d_total, d_mean;
    std::vector<double> d_totals;
    float d_inverse = 0;
};

} // namespace gr::advphy
