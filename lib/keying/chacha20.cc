// SPDX-License-Identifier: GPL-3.0-or-later
#include "keying/chacha20.h"

namespace gr::advphy {

namespace {

using words = std::array<uint32_t, 16>;

uint32_t left(uint32_t x, int bits) { return x << bits | x >> (32 - bits); }

void quarter_round(words& x, int a, int b, int c, int d)
{
    x[a] += x[b], x[d] = left(x[d] ^ x[a], 16);
    x[c] += x[d], x[b] = left(x[b] ^ x[c], 12);
    x[a] += x[b], x[d] = left(x[d] ^ x[a], 8);
    x[c] += x[d], x[b] = left(x[b] ^ x[c], 7);
}

uint32_t little_endian(const uint8_t* bytes)
{
    return uint32_t(bytes[3]) << 24 | uint32_t(bytes[2]) << 16 | uint32_t(bytes[1]) << 8 |
           bytes[0];
}

} // namespace

chacha20_bytes
chacha20(const chacha20_key& key, uint32_t counter, const chacha20_nonce& nonce)
{
    words begin{ 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
    for (size_t i = 0; i < 8; ++i)
        begin[4 + i] = little_endian(&key[4 * i]);
    begin[12] = counter;
    for (size_t i = 0; i < 3; ++i)
        begin[13 + i] = little_endian(&nonce[4 * i]);
    words x = begin;
    for (int twice = 0; twice < 10; ++twice) {
        for (int i = 0; i < 4; ++i) // columns
            quarter_round(x, i, 4 + i, 8 + i, 12 + i);
        for (int i = 0; i < 4; ++i) // diagonals
            quarter_round(x, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
    }
    chacha20_bytes out;
    for (size_t i = 0; i < out.size(); ++i)
        out[i] = uint8_t((x[i / 4] + begin[i / 4]) >> (8 * (i % 4)));
    return out;
}

} // namespace gr::advphy
