// SPDX-License-Identifier: GPL-3.0-or-later
#include "modem/keyed_symbols.h"
#include <algorithm>
#include <cmath>

namespace gr::advphy {

namespace {

constexpr size_t tag_bytes = 4;

std::vector<uint8_t> stream_of(const burst_name& name, size_t count)
{
    chacha20_nonce nonce;
    for (size_t i = 0; i < nonce.size(); ++i)
        nonce[i] = uint8_t(i < 8 ? name.index >> (8 * i) : name.part >> (8 * (i - 8)));
    std::vector<uint8_t> out;
    for (uint32_t counter = 0; out.size() < count; ++counter) {
        const auto block = chacha20(name.key, counter, nonce);
        out.insert(out.end(), block.begin(), block.end());
    }
    return out;
}

// `count` signs, from the lowest bit of a byte on; moves the byte behind them.
std::vector<float> signs(const uint8_t*& from, size_t count)
{
    std::vector<float> out(count);
    for (size_t i = 0; i < count; ++i)
        out[i] = from[i / 8] >> (i % 8) & 1 ? -1.0f : 1.0f;
    from += (count + 7) / 8;
    return out;
}

std::vector<sample> pairs(const uint8_t*& from, size_t count, float scale)
{
    const auto parts = signs(from, 2 * count);
    std::vector<sample> out(count);
    for (size_t i = 0; i < count; ++i)
        out[i] = scale * sample(parts[2 * i], parts[2 * i + 1]);
    return out;
}

} // namespace

keyed_symbols::keyed_symbols(const burst_name& name, size_t pilot_count) : name(name)
{
    const auto stream = stream_of(name, 64 + (header_symbols + pilot_count + 3) / 4 + 1);
    const uint8_t* from = stream.data();
    std::copy_n(from, d_tag_key.size(), d_tag_key.begin());
    from += d_tag_key.size();
    preamble = signs(from, keyed_chips);
    ramps = signs(from, 2 * keyed_ramp);
    d_mask = pairs(from, header_symbols, 1);
    pilots = pairs(from, pilot_count, float(M_SQRT1_2));
}

void keyed_symbols::seal(burst_header& header) const
{
    chacha20_nonce content;
    std::copy_n(header.bytes, content.size(), content.begin());
    const auto tag = chacha20(d_tag_key, 0, content);
    std::copy_n(tag.begin(), tag_bytes, header.bytes + content.size());
}

bool keyed_symbols::sealed(const burst_header& header) const
{
    burst_header right = header;
    seal(right);
    return std::equal(right.bytes, right.bytes + header_bytes, header.bytes);
}

void keyed_symbols::mask(sample* header) const
{
    for (size_t i = 0; i < header_symbols; ++i)
        header[i] = { header[i].real() * d_mask[i].real(),
                      header[i].imag() * d_mask[i].imag() };
}

} // namespace gr::advphy
