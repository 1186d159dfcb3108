// SPDX-License-Identifier: GPL-3.0-or-later
// The known symbols of a keyed burst, from its name: a key of 32 bytes and a nonce of 12.
//
// The stream of ChaCha20 [RFC 8439] from block 0 on has the tag's key, 32 bytes; bits of
// the preamble, 16 bytes, and of the ramps, 2 x 8 bytes; the mask of the header, 67
// bytes; the pilots. The lowest bit of byte 0 is first, and a set bit is -1. A symbol
// takes two bits, real and imaginary part. The tag replaces a header's CRC-32: 4 bytes of
// block 0 under the tag's key, with the other 12 bytes of the header as nonce.
//
// Cost: 4 blocks of ChaCha20 of 0.2 us, and one for each tag.
// Reference: tests/test_keyed_bursts.py, with the library `cryptography`.
#pragma once
#include "modem/header_code.h"
#include <vector>

namespace gr::advphy {

class keyed_symbols
{
public:
    // std::invalid_argument if the name does not have 44 bytes.
    keyed_symbols(const std::string& name, size_t pilot_count);

    std::string name;
    std::vector<float> chips; // preamble [128], ramps [2][64]
    std::vector<sample> pilots;

    burst_header sealed(burst_header header) const; // with the right tag
    bool valid(const burst_header& header) const; // whether it is sealed
    void mask(sample* header) const; // a second time undoes it

private:
    std::string d_tag_key;
    std::vector<sample> d_mask;
};

} // namespace gr::advphy
