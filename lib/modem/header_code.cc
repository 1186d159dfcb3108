// SPDX-License-Identifier: GPL-3.0-or-later
#include "modem/header_code.h"
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace gr::advphy {

namespace {

constexpr int memory = 6, states = 1 << memory;
constexpr unsigned list_size = 8; // half a dB better than only the best path
constexpr unsigned first_generator = 0171, second_generator = 0133;

float sign(unsigned bits) { return __builtin_parity(bits) ? -1.0f : 1.0f; }

// The register has 7 bits, the newest one highest; the 6 older ones are the state.
// By register: the QPSK symbol, of unit energy.
const auto outputs = []() {
    std::array<sample, 2 * states> of;
    for (unsigned r = 0; r < 2 * states; ++r)
        of[r] = float(M_SQRT1_2) *
                sample(sign(r & first_generator), sign(r & second_generator));
    return of;
}();

uint32_t crc32(const uint8_t* bytes, size_t count)
{
    uint32_t crc = ~0u;
    for (size_t i = 0; i < count; ++i) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; ++bit)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0u);
    }
    return ~crc;
}

uint32_t big_endian(const uint8_t* bytes)
{
    return uint32_t(bytes[0]) << 24 | uint32_t(bytes[1]) << 16 | uint32_t(bytes[2]) << 8 |
           bytes[3];
}

// The most likely of the `size` best paths that is valid, or the best path.
template <unsigned size>
burst_header best_path(const sample* symbols,
                       const std::function<bool(const burst_header&)>& valid)
{
    // Register = new bit << 6 | state; the next state is the register without its
    // oldest bit. The two registers that lead to a state differ in that bit. Each state
    // keeps its best paths, best first; the origin of each is oldest bit + 2 rank.
    using paths = std::array<float, size>;
    std::array<paths, states> likelihood, next;
    for (paths& none : likelihood)
        none.fill(-1e30f);
    likelihood[0][0] = 0; // the encoder starts with zeros
    std::vector<std::array<uint8_t, states * size>> from(header_steps);
    for (size_t step = 0; step < header_steps; ++step) {
        const sample y = symbols[step] + symbols[step + header_steps];
        for (unsigned state = 0; state < states; ++state) {
            float branch[2];
            const paths* before[2];
            for (unsigned bit = 0; bit < 2; ++bit) {
                const sample x = outputs[state << 1 | bit];
                branch[bit] = y.real() * x.real() + y.imag() * x.imag();
                before[bit] = &likelihood[(state << 1 | bit) & (states - 1)];
            }
            unsigned used[2] = { 0, 0 };
            for (unsigned rank = 0; rank < size; ++rank) {
                const float zero = (*before[0])[used[0]] + branch[0];
                const float one = (*before[1])[used[1]] + branch[1];
                const unsigned bit = one > zero;
                next[state][rank] = bit ? one : zero;
                from[step][state * size + rank] = uint8_t(bit | used[bit]++ << 1);
            }
        }
        likelihood = next;
    }
    burst_header first{};
    for (unsigned wanted = 0; wanted < size; ++wanted) {
        burst_header found{};
        unsigned state = 0, rank = wanted; // the six zeros at the end lead to state 0
        for (size_t step = header_steps; step-- > 0;) {
            if (step < 8 * header_bytes && state >> (memory - 1))
                found.bytes[step / 8] |= uint8_t(0x80 >> step % 8);
            const uint8_t way = from[step][state * size + rank];
            state = (state << 1 & (states - 1)) | (way & 1);
            rank = way >> 1;
        }
        if (valid(found))
            return found;
        if (wanted == 0)
            first = found;
    }
    return first;
}

} // namespace

bool burst_header::valid() const
{
    return crc32(bytes, header_bytes - 4) == big_endian(bytes + header_bytes - 4);
}

uint32_t burst_header::number() const { return big_endian(bytes + 2); }

std::string burst_header::model_hash() const { return { bytes + 6, bytes + 10 }; }

std::string burst_header::check(int flag) const
{
    return bytes[0] & flag ? std::string(bytes + 10, bytes + 12) : "";
}

burst_header decode_header(const sample* symbols,
                           const std::function<bool(const burst_header&)>& valid)
{
    const burst_header found = best_path<1>(symbols, valid);
    return valid(found) ? found : best_path<list_size>(symbols, valid);
}

void encode_header(const burst_header& from, sample* symbols)
{
    unsigned state = 0;
    for (size_t step = 0; step < header_steps; ++step) {
        const unsigned bit =
            step < 8 * header_bytes ? from.bytes[step / 8] >> (7 - step % 8) & 1 : 0;
        const unsigned r = bit << memory | state;
        symbols[step] = symbols[step + header_steps] = outputs[r];
        state = r >> 1;
    }
}

} // namespace gr::advphy
