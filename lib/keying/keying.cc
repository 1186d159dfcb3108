// SPDX-License-Identifier: GPL-3.0-or-later
#include "keying/keying.h"
#include "instruction_set.h"
#include "sample.h"
#include <algorithm>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace gr::advphy {

namespace {

// The sign bit of the factor of real i.
uint32_t sign_of(const uint32_t* words, size_t i)
{
    return words[i / 32] >> (i % 32) << 31;
}

} // namespace

const std::vector<std::string> keyed_transform::names{ "signs",
                                                       "sign_permutation",
                                                       "rotation" };

keyed_transform::keyed_transform(const std::string& name, size_t reals)
    : d_name(name), d_floats((reals + 1) / 2 * 2)
{
    if (std::find(names.begin(), names.end(), name) == names.end())
        throw std::invalid_argument("transform '" + name + "' is not known");
    if (reals < 1 || reals > largest_keyed)
        throw std::invalid_argument("reals = " + std::to_string(reals) +
                                    ", expected 1.." + std::to_string(largest_keyed));
    const size_t signs = (reals + 31) / 32;
    d_words = name == "signs"      ? signs
              : name == "rotation" ? (reals + 1) * (reals + 1) / 4 * 2
                                   : reals + signs;
    const size_t n = d_floats / 2;
    for (size_t j = 0; j < reals; ++j)
        d_place.push_back(uint16_t(j < n ? 2 * j : 2 * (j - n) + 1));
}

void keyed_transform::apply(const keyed_items& items) const
{
    if (items.row < d_words)
        throw std::invalid_argument("words has " + std::to_string(items.row) +
                                    " words an item, expected at least " +
                                    std::to_string(d_words));
    if (d_name == "rotation")
        return rotate(items);
    const bool shuffles = d_name == "sign_permutation";
    keyed_items one = items;
    for (size_t item = 0; item < items.count; ++item) {
        permute(one, shuffles);
        one.words += items.row;
        one.x += d_floats;
        one.out += d_floats;
    }
}

// Change signs of the first item, after a shuffle or in place.
void keyed_transform::permute(const keyed_items& items, bool shuffles) const
{
    const auto [words, row, x, count, inverse, out] = items;
    uint32_t in[largest_keyed], bits[largest_keyed];
    uint16_t order[largest_keyed];
    std::iota(order, order + reals(), uint16_t(0));
    for (size_t i = reals() - 1; shuffles && i > 0; --i)
        std::swap(order[i], order[size_t((uint64_t(words[i]) * (i + 1)) >> 32)]);
    const uint32_t* signs = words + (shuffles ? reals() : 0);
    std::memcpy(in, x, d_floats * sizeof(float));
    bits[d_floats - 1] = 0; // the padding, if there is any
    for (size_t i = 0; i < reals(); ++i) {
        const size_t from = inverse ? i : order[i], to = inverse ? order[i] : i;
        bits[d_place[to]] = in[d_place[from]] ^ sign_of(signs, i);
    }
    std::memcpy(out, bits, d_floats * sizeof(float));
}

void keyed_transform::rotate(const keyed_items& all) const
{
    const auto [words, row, x, count, inverse, out] = all;
    std::vector<float> work(rotation_floats(reals())), tile(reals() * rotated_items);
    std::vector<uint32_t> last;
    for (size_t done = 0; done < count; done += rotated_items) {
        const size_t items = std::min(rotated_items, count - done);
        const uint32_t* drawn = words + done * row;
        size_t stride = row;
        if (items < rotated_items)
            std::fill(tile.begin(), tile.end(), 0.0f);
        if ((count - done - items) * row < row_padding) { // too near the end
            stride = d_words + row_padding;
            last.assign(rotated_items * stride, 0);
            for (size_t i = 0; i < items; ++i)
                std::copy_n(drawn + i * row, d_words, last.data() + i * stride);
            drawn = last.data();
        }
        for (size_t i = 0; i < items; ++i)
            for (size_t j = 0; j < reals(); ++j)
                tile[j * rotated_items + i] = x[(done + i) * d_floats + d_place[j]];
        kernels().keying.rotate(
            drawn, stride, reals(), inverse, work.data(), tile.data());
        for (size_t i = 0; i < items; ++i) {
            float* to = out + (done + i) * d_floats;
            to[d_floats - 1] = 0.0f; // the padding, if there is any
            for (size_t j = 0; j < reals(); ++j)
                to[d_place[j]] = tile[j * rotated_items + i];
        }
    }
}

} // namespace gr::advphy
