// SPDX-License-Identifier: GPL-3.0-or-later
// Equalizer against echoes, from consecutive known symbols. Least squares gives the taps
// of the channel; those that noise could explain are omitted, and a linear filter of
// minimum mean square error equalizes the others. Without an echo it does nothing.
//
// Cost: 24 complex multiply-adds per known symbol; if there is an echo, one system of 33
// equations and 33 complex multiply-adds per symbol.
// Reference: known echoes in lib/modem/qa_modem.cc and tests/test_modem_air.py.
#pragma once
#include "modem/frame_layout.h"
#include <algorithm>
#include <cmath>

namespace gr::advphy {

// Small systems of equations with a positive definite Hermitian matrix, by Cholesky.
// Cost: size^3 / 6 multiply-adds to factor, size^2 to solve.
// Reference: numpy.linalg.solve.
class hermitian_system
{
public:
    using number = std::complex<double>;

    explicit hermitian_system(size_t size) : d_size(size), d_m(size * size) { }

    number& at(size_t row, size_t column) { return d_m[row * d_size + column]; }

    // Replace the lower triangle by L with A = L L^H. A tiny pivot is raised, so that a
    // singular matrix gives finite results.
    void factor()
    {
        for (size_t k = 0; k < d_size; ++k)
            for (size_t l = 0; l <= k; ++l) {
                number sum = at(k, l);
                for (size_t m = 0; m < l; ++m)
                    sum -= at(k, m) * std::conj(at(l, m));
                at(k, l) =
                    k == l ? std::sqrt(std::max(sum.real(), 1e-12)) : sum / at(l, l);
            }
    }

    std::vector<number> solve(std::vector<number> right)
    {
        for (size_t k = 0; k < d_size; ++k) {
            for (size_t m = 0; m < k; ++m)
                right[k] -= at(k, m) * right[m];
            right[k] /= at(k, k);
        }
        for (size_t k = d_size; k-- > 0;) {
            for (size_t m = k + 1; m < d_size; ++m)
                right[k] -= std::conj(at(m, k)) * right[m];
            right[k] /= at(k, k);
        }
        return right;
    }

    // Element (k, k) of the inverse.
    double inverse_diagonal(size_t k)
    {
        std::vector<number> unit(d_size);
        unit[k] = 1;
        return solve(unit)[k].real();
    }

private:
    size_t d_size;
    std::vector<number> d_m;
};

class echo_equalizer
{
public:
    // y: symbols, corrected in phase and gain, of which the first `count` are known.
    echo_equalizer(const sample* y, const sample* known, int count);

    bool needed() const { return !d_filter.empty(); }
    // Taps of the channel, the first at delay -before; 0 if they are not significant.
    const std::vector<std::complex<double>>& channel() const { return d_channel; }

    // out[i] = filtered y[i] for i in 0..count - 1; symbols outside are taken as 0.
    void apply(const sample* y, size_t count, sample* out) const;

    static constexpr int before = 3, after = 8; // taps of the channel around the main one
    static constexpr int reach = 16; // taps of the filter on each side

private:
    hermitian_system correlations(const sample* x, int count) const;
    void find_channel(const sample* y, const sample* known, int count);
    void find_filter();

    std::vector<std::complex<double>> d_channel, d_filter;
    double d_noise;
};

} // namespace gr::advphy
