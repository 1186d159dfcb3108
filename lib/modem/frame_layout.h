// SPDX-License-Identifier: GPL-3.0-or-later
// The layout of a burst for the kernels; advphy_model/modem/frame.py defines it.
#pragma once
#include "sample.h"
#include <vector>

namespace gr::advphy {

// Symbols that the receiver waits for after the last one, without the pulse.
constexpr int tail_symbols = 4;

struct frame_layout {
    int version;
    int n; // channel uses of a codeword
    int codewords; // of a full burst
    int samples_per_symbol;
    int span; // length of the pulse in symbols
    double rolloff; // of the pulse
    int segment; // preamble symbols that the detector adds coherently
    int preamble_at; // index of the first preamble symbol
    float scale; // of payload symbols: sqrt(mean energy)
    std::vector<float> preamble; // chips -1 and 1
    std::vector<int> header_at, payload_at, pilot_at; // indices of symbols
    std::vector<sample> pilots;
    std::vector<int> symbols; // [codewords + 1]: length of a burst of so many codewords
    int phases; // fractions of a sample at which the pulse is tabulated
    std::vector<float> bank; // [phases][taps]

    size_t taps() const { return bank.size() / size_t(phases); }
    // The index of the pulse's center in row 0 of the bank.
    size_t center() const { return size_t(span) * size_t(samples_per_symbol) / 2; }
};

} // namespace gr::advphy
