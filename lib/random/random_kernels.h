// SPDX-License-Identifier: GPL-3.0-or-later
// How random words are laid out, and what makes them once per instruction set.
//
// Sixteen Philox counters make a group. Counter 16 g + l gives four words w; the group's
// words lie in memory as [w][l]. As normals a group is 64 elements (words 0, 1 and 2, 3
// are the Box-Muller pairs), as bytes 256. The layout belongs to the definition of the
// numbers, not to the machine.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gr::advphy {

// Independent streams of random numbers that one seed gives.
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

struct random_kernels {
    // Groups of normals, from number `group` on, each of gaussian_group.
    void (*gaussian_groups)(
        uint64_t seed, stream which, uint64_t group, size_t groups, float* out);
    // y = (x + sigma normals) + p, where p is not null.
    void (*add_gaussian_groups)(uint64_t seed,
                                stream which,
                                uint64_t group,
                                size_t groups,
                                float sigma,
                                const float* x,
                                float* y,
                                const float* p);
    // Groups of words, each `and` mask, as byte_group bytes.
    void (*word_groups)(uint64_t seed,
                        stream which,
                        uint64_t group,
                        size_t groups,
                        uint32_t mask,
                        uint8_t* out);
    // Cosine and sine of turns / 2^32; count: a multiple of group_counters.
    void (*unit_circle)(const uint32_t* turns, size_t count, float* cosine, float* sine);
};

} // namespace gr::advphy
