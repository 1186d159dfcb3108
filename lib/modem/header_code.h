// SPDX-License-Identifier: GPL-3.0-or-later
// The header's convolutional code, decoded by the Viterbi algorithm, and its CRC-32,
// which also chooses among the eight most likely paths [seshadri].
//
// Cost: 134 steps over 64 states, some 20 us; eight times that where
// the best path's CRC does not fit.
// Reference: advphy_model/modem/header.py encodes, with zlib's crc32; gr-fec encodes
// the same in tests/qa_burst_modem.py.
#pragma once
#include "modem/frame_layout.h"

namespace gr::advphy {

constexpr size_t header_bytes = 16;
constexpr size_t header_steps = 8 * header_bytes + 6;
constexpr size_t header_symbols = 2 * header_steps; // two copies of 134 QPSK symbols

struct header {
    uint8_t bytes[header_bytes];
    bool valid() const; // by the CRC-32 in the last four bytes

    int version() const { return bytes[0] >> 4; }
    int codewords() const { return bytes[1] + 1; }
    uint32_t number() const;
};

header decode_header(const sample* symbols);

// Symbols of unit energy, as they were sent.
void encode_header(const header& from, sample* symbols);

} // namespace gr::advphy
