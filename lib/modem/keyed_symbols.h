// SPDX-License-Identifier: GPL-3.0-or-later
// The known symbols of a keyed burst, from a key and the burst's name under it.
//
// The stream of ChaCha20 under the key and the nonce (index, 8 bytes; part, 4 bytes;
// little endian), from block 0 on, has: 32 bytes that are the tag's key; 16 bytes, chips
// of the preamble; 8 bytes each, chips of the ramps; 67 bytes, the mask of the header;
// the pilots. Bits are taken from the lowest of byte 0 on; bit 1 is -1. A chip takes one,
// a symbol of mask or pilots two: real and imaginary part. The tag replaces the header's
// CRC-32: the first 4 bytes of ChaCha20's block 0 under the tag's key, with the other 12
// bytes of the header as nonce. So it depends on all that is in key and name.
//
// Cost: 4 blocks of ChaCha20 and one for each tag.
// Reference: tests/test_keyed_bursts.py, with the library `cryptography`.
#pragma once
#include "keying/chacha20.h"
#include "modem/header_code.h"
#include <vector>

namespace gr::advphy {

constexpr size_t keyed_chips = 128; // of a preamble
constexpr size_t keyed_ramp = 64; // chips, the longest

struct burst_name {
    chacha20_key key;
    uint64_t index;
    uint32_t part;
};

class keyed_symbols
{
public:
    keyed_symbols(const burst_name& name, size_t pilot_count);

    burst_name name;
    std::vector<float> preamble, ramps; // [keyed_chips], [2 keyed_ramp]
    std::vector<sample> pilots;

    // Write the tag into the last 4 bytes of a header; whether it is there.
    void seal(burst_header& header) const;
    bool sealed(const burst_header& header) const;
    void mask(sample* header) const; // [header_symbols], in place; twice: no change

private:
    chacha20_key d_tag_key;
    std::vector<sample> d_mask;
};

} // namespace gr::advphy
