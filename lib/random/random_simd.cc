// SPDX-License-Identifier: GPL-3.0-or-later
// Random numbers as a pure function of (seed, index): Philox4x32-10 and Box-Muller.
//
// Compiled once per instruction set, always without contraction to fused multiply-add, so
// that every instruction set gives the same bits. Constants: [philox] Salmon et al.,
// "Parallel random numbers: as easy as 1, 2, 3", SC11.
#include "random/box_muller.h"
#include "random/gaussian.h"
#include "simd.h"

namespace gr::advphy::ADVPHY_SIMD_NAMESPACE {

namespace {

alignas(vector_bytes) constexpr uint64_t even_numbers[] = { 0, 2, 4, 6, 8, 10, 12, 14 };

struct words {
    vuint w[4]; // output words of Philox, one counter per lane
};

// Philox4x32-10 of the counters {base + lane, stream}; base is a multiple of lanes.
// Even and odd counters are kept apart, in the low halves of 64-bit lanes, where the
// products are computed; the high halves are ignored.
inline words philox(uint64_t seed, uint32_t which, uint64_t base)
{
    constexpr int rounds = 10;
    const vulong even_lanes = *reinterpret_cast<const vulong*>(even_numbers);
    const vulong m0 = 0xD2511F53u - vulong{}, m1 = 0xCD9E8D57u - vulong{};
    vulong c0[2], c1[2], c2[2], c3[2];
    for (int half = 0; half < 2; ++half) {
        c0[half] = even_lanes + (uint32_t(base) + uint32_t(half));
        c1[half] = uint32_t(base >> 32) - vulong{};
        c2[half] = vulong{};
        c3[half] = which - vulong{};
    }
    uint32_t key0 = uint32_t(seed), key1 = uint32_t(seed >> 32);
#pragma GCC unroll 10
    for (int round = 0; round < rounds; ++round) {
        const vulong k0 = key0 - vulong{}, k1 = key1 - vulong{};
        for (int half = 0; half < 2; ++half) {
            const vulong p0 = multiply_low_halves(c0[half], m0);
            const vulong p1 = multiply_low_halves(c2[half], m1);
            c0[half] = high_halves(p1) ^ c1[half] ^ k0;
            c2[half] = high_halves(p0) ^ c3[half] ^ k1;
            c1[half] = p1;
            c3[half] = p0;
        }
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    const vulong low = 0xffffffffu - vulong{};
    words out;
    out.w[0] = (vuint)((c0[0] & low) | (c0[1] << 32));
    out.w[1] = (vuint)((c1[0] & low) | (c1[1] << 32));
    out.w[2] = (vuint)((c2[0] & low) | (c2[1] << 32));
    out.w[3] = (vuint)((c3[0] & low) | (c3[1] << 32));
    return out;
}

// Call use(number of the group, first of its counters, their words) for all vectors of
// counters, in the order of memory.
template <typename F> inline void for_words(draw groups, F use)
{
    for (size_t g = 0; g < groups.count; ++g)
        for (int part = 0; part < group_counters; part += lanes) {
            const uint64_t base = (groups.first + g) * group_counters + part;
            use(g, part, philox(groups.seed, uint32_t(groups.which), base));
        }
}

// Call use(offset, normals) for all vectors of the groups.
template <typename F> inline void for_gaussian_groups(const draw& groups, F use)
{
    for_words(groups, [use](size_t g, int part, const words& w) {
        for (int pair = 0; pair < 4; pair += 2) {
            vfloat first, second;
            box_muller(w.w[pair], w.w[pair + 1], first, second);
            const size_t offset = g * gaussian_group + pair * group_counters + part;
            use(offset, first);
            use(offset + group_counters, second);
        }
    });
}

void gaussian_groups(const draw& groups, float* out)
{
    for_gaussian_groups(groups, [out](size_t at, vfloat z) { store(out + at, z); });
}

void add_gaussian_groups(
    const draw& groups, float sigma, const float* x, float* y, const float* p)
{
    if (p) // in the same loop: arithmetic hides the memory latency
        for_gaussian_groups(groups, [=](size_t at, vfloat z) {
            store(y + at, (load(x + at) + sigma * z) + load(p + at));
        });
    else
        for_gaussian_groups(groups, [=](size_t at, vfloat z) {
            store(y + at, load(x + at) + sigma * z);
        });
}

void word_groups(const draw& groups, uint32_t mask, uint8_t* out)
{
    for_words(groups, [=](size_t g, int part, const words& w) {
        for (int word = 0; word < 4; ++word)
            *reinterpret_cast<vuint_at*>(out + g * byte_group +
                                         4 * (word * group_counters + part)) =
                w.w[word] & mask;
    });
}

void unit_circle(const uint32_t* turns, size_t count, float* cosine, float* sine)
{
    for (size_t i = 0; i < count; i += lanes) {
        // The nearest quarter of a turn, and the rest: at most an eighth.
        const vuint w = *reinterpret_cast<const vuint_at*>(turns + i);
        const vuint quarter = (w + 0x20000000u) >> 30;
        const vint rest = (vint)(w - (quarter << 30));
        vfloat s, c;
        sine_and_cosine(__builtin_convertvector(rest, vfloat) * 1.462918079e-09f, s, c);
        const vint odd = (vint)(quarter << 31) < 0;
        const vfloat real = odd ? s : c, imaginary = odd ? c : s;
        // Quarters 1 and 2 negate the real part, 2 and 3 the imaginary part.
        const vuint real_sign = (quarter ^ (quarter >> 1)) << 31;
        const vuint imaginary_sign = (quarter >> 1) << 31;
        store(cosine + i, (vfloat)((vuint)real ^ real_sign));
        store(sine + i, (vfloat)((vuint)imaginary ^ imaginary_sign));
    }
}

} // namespace

extern const random_kernels random_table = {
    gaussian_groups, add_gaussian_groups, word_groups, unit_circle
};

} // namespace gr::advphy::ADVPHY_SIMD_NAMESPACE
