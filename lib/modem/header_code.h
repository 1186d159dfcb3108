// SPDX-License-Identifier: GPL-3.0-or-later
// The header of a burst: 16 bytes in a convolutional code of rate 1/2 (constraint length
// 7, 171 and 133 octal, that of [ccsds]) terminated by 6 zeros, sent twice as QPSK. The
// second copy follows the first, so only an error in both destroys the header. The
// Viterbi algorithm decodes it; the CRC-32 selects one of the eight most likely paths
// [seshadri].
//
// Cost: 134 steps over 64 states, about 20 us; eight times that if the CRC of the best
// path is wrong.
// Reference: zlib's crc32 in tests/test_modem_frame.py; gr-fec encodes the same in
// tests/qa_burst_modem.py.
#pragma once
#include "sample.h"
#include <functional>
#include <string>

namespace gr::advphy {

constexpr size_t header_bytes = 16;
constexpr int nonce_version = 2; // of the layout; its headers carry a nonce
constexpr size_t header_steps = 8 * header_bytes + 6;
constexpr size_t header_symbols = 2 * header_steps; // two copies of 134 QPSK symbols

// The contents of a header, which advphy_model/modem/header.py writes.
struct burst_header {
    // Byte 0: version, flags seeded, keyed and inserted; 1: codewords - 1; 2..5: number;
    // 6..9: model hash, or a part of the nonce; 10, 11: check of the key or the seed;
    // 12..15: CRC-32. Big endian.
    uint8_t bytes[header_bytes] = {};

    bool valid() const; // whether the CRC-32 is right

    uint32_t number() const;
    int codewords() const { return bytes[1] + 1; }
    std::string model_hash() const;
    // Whether that is the hash: in version 2 it is a part of the nonce in three of four.
    bool has_hash() const { return version() != nonce_version || number() % 4 == 3; }
    bool inserted() const { return bytes[0] & 1; }
    std::string key_check() const { return check(2); }
    std::string seed_check() const { return check(4); }
    int version() const { return bytes[0] >> 4; }

private:
    std::string check(int flag) const; // empty without this flag
};

// The most likely contents that are valid, or else the most likely.
burst_header decode_header(
    const sample* symbols,
    const std::function<bool(const burst_header&)>& valid = &burst_header::valid);

// Write the symbols of a header, of unit energy.
void encode_header(const burst_header& from, sample* symbols);

} // namespace gr::advphy
