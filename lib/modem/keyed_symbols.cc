// SPDX-License-Identifier: GPL-3.0-or-later
#include "modem/keyed_symbols.h"
#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

namespace gr::advphy {

namespace {

constexpr size_t key_bytes = 32, nonce_bytes = 12, tag_bytes = 4, all_chips = 256;

uint32_t left(uint32_t x, int bits) { return x << bits | x >> (32 - bits); }

// Append block `counter` of ChaCha20 under the bytes of key and nonce [RFC 8439, 2.3].
void append_block(const std::string& key_and_nonce, uint32_t counter, std::string& out)
{
    std::array<uint32_t, 16> begin{ 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
    begin[12] = counter;
    for (size_t i = 0; i < key_bytes + nonce_bytes; ++i)
        begin[i / 4 + (i < key_bytes ? 4 : 5)] |= uint32_t(uint8_t(key_and_nonce[i]))
                                                  << 8 * (i % 4);
    auto x = begin;
    const auto mix = [&x](size_t a, size_t b, size_t c, size_t d) {
        for (const int less : { 0, 1 }) {
            x[d] = left(x[d] ^ (x[a] += x[b]), less ? 8 : 16);
            x[b] = left(x[b] ^ (x[c] += x[d]), less ? 7 : 12);
        }
    };
    for (size_t round = 0; round < 20; ++round) // of columns, of diagonals
        for (size_t i = 0, s = round % 2; i < 4; ++i)
            mix(i, 4 + (i + s) % 4, 8 + (i + 2 * s) % 4, 12 + (i + 3 * s) % 4);
    for (size_t i = 0; i < 64; ++i)
        out += char((x[i / 4] + begin[i / 4]) >> 8 * (i % 4));
}

std::vector<sample> symbols(const std::vector<float>& signs, size_t at, size_t count)
{
    std::vector<sample> out;
    for (size_t i = at; i < at + 2 * count; i += 2)
        out.emplace_back(signs[i], signs[i + 1]);
    return out;
}

} // namespace

keyed_symbols::keyed_symbols(const std::string& name, size_t pilot_count) : name(name)
{
    if (name.size() != key_bytes + nonce_bytes)
        throw std::invalid_argument("the name of a burst must have 44 bytes, got " +
                                    std::to_string(name.size()));
    const size_t bits = all_chips + 2 * (header_symbols + pilot_count);
    std::string stream;
    while (8 * stream.size() < 8 * key_bytes + bits)
        append_block(name, uint32_t(stream.size() / 64), stream);
    d_tag_key = stream.substr(0, key_bytes);
    std::vector<float> signs(bits);
    for (size_t i = 0; i < bits; ++i)
        signs[i] = stream[key_bytes + i / 8] >> (i % 8) & 1 ? -1.0f : 1.0f;
    chips.assign(signs.begin(), signs.begin() + all_chips);
    d_mask = symbols(signs, all_chips, header_symbols);
    pilots = symbols(signs, all_chips + 2 * header_symbols, pilot_count);
    for (sample& pilot : pilots)
        pilot *= float(M_SQRT1_2);
}

burst_header keyed_symbols::sealed(burst_header header) const
{
    std::string tag;
    append_block(
        d_tag_key + std::string(header.bytes, header.bytes + nonce_bytes), 0, tag);
    tag.copy(reinterpret_cast<char*>(header.bytes + nonce_bytes), tag_bytes);
    return header;
}

bool keyed_symbols::valid(const burst_header& header) const
{
    return std::equal(header.bytes, header.bytes + header_bytes, sealed(header).bytes);
}

void keyed_symbols::mask(sample* header) const
{
    for (size_t i = 0; i < header_symbols; ++i)
        header[i] = { header[i].real() * d_mask[i].real(),
                      header[i].imag() * d_mask[i].imag() };
}

} // namespace gr::advphy
