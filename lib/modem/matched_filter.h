// SPDX-License-Identifier: GPL-3.0-or-later
// Symbols at any instants: the samples against the pulse, delayed by fractions of one.
//
// Cost per symbol: taps multiply-adds of real and complex. Turning: one complex product
// per sample.
// Reference: codewords that went through every instant, tests/test_modem.py.
#pragma once
#include "modem/frame_layout.h"

namespace gr::advphy {

class matched_filter
{
public:
    explicit matched_filter(const frame_layout& layout);

    // Samples that must be readable after the one of a symbol's instant.
    size_t reach() const { return d_floats / 2 - d_center + 1; }
    size_t center() const { return d_center; }

    // out[i] = symbol whose instant is first + i * spacing, in samples from samples[0].
    void symbols(
        const sample* samples, double first, double spacing, size_t count, sample* out);

private:
    size_t d_phases, d_floats, d_center;
    std::vector<float> d_taps; // [phases][floats], each tap twice
    std::vector<size_t> d_start;
    std::vector<const float*> d_row;
};

// out[i] = x[i] exp(-2 pi j (cycles i)), for samples or symbols; cycles each.
void turn_back(const sample* x, size_t count, double cycles, sample* out);

} // namespace gr::advphy
