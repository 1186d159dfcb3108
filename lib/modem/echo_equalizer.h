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
#include "modem/hermitian_system.h"

namespace gr::advphy {

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
