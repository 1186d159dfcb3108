// SPDX-License-Identifier: GPL-3.0-or-later
// Matched filter at any instants, with the pulse delayed by fractions of a sample.
//
// Cost per symbol: taps multiply-adds of real and complex. turn_back: one complex product
// per sample.
// Reference: codewords received at every instant, tests/test_modem.py.
#pragma once
#include "modem/frame_layout.h"

namespace gr::advphy {

class matched_filter
{
public:
    explicit matched_filter(const frame_layout& layout);

    // Samples that must be readable after the instant of a symbol.
    size_t reach() const { return d_floats / 2 - d_center + 1; }
    size_t center() const { return d_center; }

    // out[i] = symbol at the instant first + i * spacing, in samples from samples[0].
    void symbols(
        const sample* samples, double first, double spacing, size_t count, sample* out);

private:
    size_t d_phases, d_floats, d_center;
    std::vector<float> d_taps; // [phases][floats], each tap twice
    std::vector<size_t> d_start;
    std::vector<const float*> d_row;
};

// out[i] = x[i] exp(-2 pi j (cycles i)), with `cycles` per element.
void turn_back(const sample* x, size_t count, double cycles, sample* out);

} // namespace gr::advphy
