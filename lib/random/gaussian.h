// SPDX-License-Identifier: GPL-3.0-or-later
// Gaussian noise and random bytes as pure functions of (seed, index), the layout of their
// random words, and the kernels that generate them.
//
// Philox4x32-10 and Box-Muller: the bits do not depend on chunks, threads or the
// instruction set. Normals lie within 6.66 sigma; the probability beyond is 2.7e-11.
// Cost: about 2 cycles per normal with AVX-512. Reference: a numpy Philox in
// tests/test_randomness.py, and the published vectors of [philox].
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

// out[i] = standard normal number first + i.
void gaussian(const draw& normals, float* out);

// y[i] = (x[i] + sigma * (standard normal number first + i)) + p[i]; p may be null.
// y may be x.
void add_gaussian(
    const draw& normals, float sigma, const float* x, float* y, const float* p = nullptr);

// out[i] = random byte number first + i, ANDed with mask. A mask of 2^k - 1 gives uniform
// messages of k bits.
void random_bytes(const draw& bytes, uint8_t mask, uint8_t* out);

// out[4 i .. 4 i + 3] = the words of Philox counter first + i.
void random_words(const draw& counters, uint32_t* out);

} // namespace gr::advphy
