// SPDX-License-Identifier: GPL-3.0-or-later
// Kernel of random rotations: see keying.h.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gr::advphy {

// Items that `rotate` rotates together, one per lane, and the work memory it needs.
constexpr size_t rotated_items = 16;
constexpr size_t rotation_floats(size_t reals) { return 16 * (reals + 1 + 2 * 16); }

struct keying_kernels {
    // x [reals][rotated_items] is rotated in place; words [rotated_items][row], where
    // row_padding words after the words of each row's rotation must be readable.
    void (*rotate)(const uint32_t* words,
                   size_t row,
                   size_t reals,
                   bool inverse,
                   float* work,
                   float* x);
};

} // namespace gr::advphy
