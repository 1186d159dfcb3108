// SPDX-License-Identifier: GPL-3.0-or-later
#include "keying/keying.h"
#include "instruction_set.h"
#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace gr::advphy {

namespace {

void check(size_t reals, size_t row, size_t words)
{
    if (reals < 1 || reals > largest_keyed)
        throw std::invalid_argument("reals = " + std::to_string(reals) + ", wanted 1.." +
                                    std::to_string(largest_keyed));
    if (row < words)
        throw std::invalid_argument("words has " + std::to_string(row) +
                                    " words an item, wanted at least " +
                                    std::to_string(words));
}

size_t floats_of(size_t reals) { return (reals + 1) / 2 * 2; }

// Which float of an item each real is.
std::vector<uint16_t> places(size_t reals)
{
    const size_t n = floats_of(reals) / 2;
    std::vector<uint16_t> place(reals);
    for (size_t j = 0; j < reals; ++j)
        place[j] = uint16_t(j < n ? 2 * j : 2 * (j - n) + 1);
    return place;
}

// The sign bit that real i is multiplied by.
uint32_t sign_of(const uint32_t* words, size_t i)
{
    return words[i / 32] >> (i % 32) << 31;
}

void shuffle(const uint32_t* words, size_t reals, uint16_t* order)
{
    for (size_t i = 0; i < reals; ++i)
        order[i] = uint16_t(i);
    for (size_t i = reals - 1; i > 0; --i)
        std::swap(order[i], order[size_t((uint64_t(words[i]) * (i + 1)) >> 32)]);
}

// Rows with room to read past their last word.
void pad_words(
    const uint32_t* words, size_t row, size_t items, size_t used, uint32_t* out)
{
    for (size_t i = 0; i < items; ++i)
        std::copy_n(words + i * row, used, out + i * (used + row_padding));
}

} // namespace

size_t signs_words(size_t reals) { return (reals + 31) / 32; }

size_t sign_permutation_words(size_t reals) { return reals + signs_words(reals); }

size_t rotation_words(size_t reals) { return (reals + 1) * (reals + 1) / 4 * 2; }

void signs(const uint32_t* words,
           size_t row,
           const float* x,
           size_t count,
           size_t reals,
           bool /* its own inverse */,
           float* out)
{
    check(reals, row, signs_words(reals));
    const auto place = places(reals);
    const size_t floats = floats_of(reals);
    uint32_t bits[largest_keyed];
    for (size_t item = 0; item < count; ++item, x += floats, out += floats) {
        std::memcpy(bits, x, floats * sizeof(float));
        for (size_t i = 0; i < reals; ++i)
            bits[place[i]] ^= sign_of(words + item * row, i);
        if (reals % 2)
            bits[floats - 1] = 0;
        std::memcpy(out, bits, floats * sizeof(float));
    }
}

void sign_permutation(const uint32_t* words,
                      size_t row,
                      const float* x,
                      size_t count,
                      size_t reals,
                      bool inverse,
                      float* out)
{
    check(reals, row, sign_permutation_words(reals));
    const auto place = places(reals);
    const size_t floats = floats_of(reals);
    uint32_t in[largest_keyed], bits[largest_keyed];
    uint16_t order[largest_keyed];
    for (size_t item = 0; item < count; ++item, x += floats, out += floats) {
        const uint32_t* drawn = words + item * row;
        shuffle(drawn, reals, order);
        std::memcpy(in, x, floats * sizeof(float));
        bits[floats - 1] = 0; // the padding, if it is one
        for (size_t i = 0; i < reals; ++i) {
            const size_t from = inverse ? i : order[i], to = inverse ? order[i] : i;
            bits[place[to]] = in[place[from]] ^ sign_of(drawn + reals, i);
        }
        std::memcpy(out, bits, floats * sizeof(float));
    }
}

void rotation(const uint32_t* words,
              size_t row,
              const float* x,
              size_t count,
              size_t reals,
              bool inverse,
              float* out)
{
    const size_t used = rotation_words(std::min(reals, largest_keyed));
    check(reals, row, used);
    const auto place = places(reals);
    const size_t floats = floats_of(reals);
    std::vector<float> work(rotation_floats(reals)), tile(reals * rotated_items);
    std::vector<uint32_t> last;
    for (size_t done = 0; done < count; done += rotated_items) {
        const size_t items = std::min(rotated_items, count - done);
        const uint32_t* drawn = words + done * row;
        size_t stride = row;
        if (items < rotated_items)
            std::fill(tile.begin(), tile.end(), 0.0f);
        if ((count - done - items) * row < row_padding) { // too near the end to over-read
            stride = used + row_padding;
            last.assign(rotated_items * stride, 0);
            pad_words(drawn, row, items, used, last.data());
            drawn = last.data();
        }
        for (size_t i = 0; i < items; ++i)
            for (size_t j = 0; j < reals; ++j)
                tile[j * rotated_items + i] = x[(done + i) * floats + place[j]];
        kernels().rotate(drawn, stride, reals, inverse, work.data(), tile.data());
        for (size_t i = 0; i < items; ++i) {
            float* to = out + (done + i) * floats;
            to[floats - 1] = 0.0f; // the padding, if it is one
            for (size_t j = 0; j < reals; ++j)
                to[place[j]] = tile[j * rotated_items + i];
        }
    }
}

} // namespace gr::advphy
