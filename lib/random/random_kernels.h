// SPDX-License-Identifier: GPL-3.0-or-later
// Layout of random words, and the kernels that generate them.
//
// Sixteen Philox counters form a group. Counter 16 g + l gives four words w, and a group
// is stored as [w][l]. It gives 64 normals (words 0, 1 and words 2, 3 are the Box-Muller
// pairs) or 256 bytes. This layout is part of the definition of the numbers, so it is the
// same on every machine.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gr::advphy {

// Independent streams of random numbers from one seed.
enum class stream : uint32_t {
    messages = 0,
    noise = 1,
    adversary = 2,
    fading = 3,
    jammer = 4,
    impairment = 16 // 16 + i: the impairment at position i of a channel
};

constexpr int group_counters = 16;
constexpr int gaussian_group = 4 * group_counters;
constexpr int word_group = 4 * group_counters;
constexpr int byte_group = 16 * group_counters;

// Numbers (or groups, or counters) first .. first + count - 1 of a seed and stream.
struct draw {
    uint64_t seed;
    stream which;
    uint64_t first;
    size_t count;
};

struct random_kernels {
    // Groups of gaussian_group normals.
    void (*gaussian_groups)(const draw& groups, float* out);
    // y = (x + sigma normals) + p; p may be null.
    void (*add_gaussian_groups)(
        const draw& groups, float sigma, const float* x, float* y, const float* p);
    // Groups of words, each ANDed with mask, as byte_group bytes.
    void (*word_groups)(const draw& groups, uint32_t mask, uint8_t* out);
    // Cosine and sine of 2 pi turns / 2^32; count is a multiple of group_counters.
    void (*unit_circle)(const uint32_t* turns, size_t count, float* cosine, float* sine);
};

} // namespace gr::advphy
