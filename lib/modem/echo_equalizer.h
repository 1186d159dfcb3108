// SPDX-License-Identifier: GPL-3.0-or-later
// An equalizer against echoes, from known symbols that follow each other: least squares
// finds the channel's taps, those that noise could explain are left out, and a linear
// filter of minimum mean square error undoes the rest. Without a significant echo it
// does nothing, so it is never worse than none.
//
// Cost: 24 complex multiply-adds a known symbol; where there is an echo, one system of 33
// equations, 33 complex multiply-adds a symbol.
// Reference: known echoes in lib/modem/qa_modem.cc and tests/test_modem_air.py.
#pragma once
#include "modem/frame_layout.h"
#include "modem/hermitian_system.h"

namespace gr::advphy {

class echo_equalizer
{
public:
    // y: symbols, phase and gain corrected, of which the first `count` are known.
    echo_equalizer(const sample* y, const sample* known, int count);

    bool needed() const { return !d_filter.empty(); }
    // Channel taps from -before on; 0 where they are not significant.
    const std::vector<std::complex<double>>& channel() const { return d_channel; }

    // out[i] = filtered y[i] for i in 0..count; what lies outside counts as 0.
    void apply(const sample* y, size_t count, sample* out) const;

    static constexpr int before = 3, after = 8; // taps of the channel beside the main one
    static constexpr int reach = 16; // taps of the filter, on each side

private:
    hermitian_system correlations(const sample* x, int count) const;
    void find_channel(const sample* y, const sample* known, int count);
    void find_filter();

    std::vector<std::complex<double>> d_channel, d_filter;
    double d_noise;
};

} // namespace gr::advphy
