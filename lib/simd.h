// SPDX-License-Identifier: GPL-3.0-or-later
// Vector types of the instruction set that this translation unit is compiled for.
//
// The *_simd.cc files are compiled once per instruction set (see CMakeLists.txt), each
// time into another namespace, and selected at run time (instruction_set.cc). They must
// not use inline functions of the C++ library: the linker keeps only one copy of these,
// possibly one with instructions that this machine does not have.
#pragma once
#include <cstddef>
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(ADVPHY_AVX512)
#define ADVPHY_SIMD_NAMESPACE avx512
#elif defined(ADVPHY_AVX2)
#define ADVPHY_SIMD_NAMESPACE avx2
#else
#define ADVPHY_SIMD_NAMESPACE baseline
#endif

namespace gr::advphy::ADVPHY_SIMD_NAMESPACE {

#if defined(ADVPHY_AVX512)
constexpr int lanes = 16;
#elif defined(ADVPHY_AVX2)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif
constexpr int vector_bytes = 4 * lanes;

typedef float vfloat __attribute__((vector_size(vector_bytes)));
typedef int32_t vint __attribute__((vector_size(vector_bytes)));
typedef uint32_t vuint __attribute__((vector_size(vector_bytes)));
typedef uint64_t vulong __attribute__((vector_size(vector_bytes)));

typedef uint8_t vbytes __attribute__((vector_size(lanes), may_alias));

// The same types at any address.
typedef float vfloat_at __attribute__((vector_size(vector_bytes), aligned(4), may_alias));
typedef uint32_t vuint_at
    __attribute__((vector_size(vector_bytes), aligned(1), may_alias));

inline vfloat load(const float* p) { return *reinterpret_cast<const vfloat_at*>(p); }
inline void store(float* p, vfloat v) { *reinterpret_cast<vfloat_at*>(p) = v; }
inline vfloat fill(float value) { return value - vfloat{}; }
inline vint fill_int(int32_t value) { return value - vint{}; }
inline vuint fill_uint(uint32_t value) { return value - vuint{}; }

// a > b ? a : b, so b if one of them is NaN.
inline vfloat maximum(vfloat a, vfloat b)
{
#if defined(ADVPHY_AVX512)
    return (vfloat)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(ADVPHY_AVX2)
    return (vfloat)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(__x86_64__)
    return (vfloat)_mm_max_ps((__m128)a, (__m128)b);
#else
    return a > b ? a : b;
#endif
}

// Square root, correctly rounded, so it is the same on every instruction set.
inline vfloat square_root(vfloat x)
{
#if defined(ADVPHY_AVX512)
    return (vfloat)_mm512_sqrt_ps((__m512)x);
#elif defined(ADVPHY_AVX2)
    return (vfloat)_mm256_sqrt_ps((__m256)x);
#elif defined(__x86_64__)
    return (vfloat)_mm_sqrt_ps((__m128)x);
#else
    vfloat root = x;
    for (int i = 0; i < lanes; ++i)
        root[i] = __builtin_sqrtf(x[i]);
    return root;
#endif
}

// 64-bit products of the low halves of the 64-bit lanes.
inline vulong multiply_low_halves(vulong a, vulong b)
{
#if defined(ADVPHY_AVX512)
    return (vulong)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif defined(ADVPHY_AVX2)
    return (vulong)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__x86_64__)
    return (vulong)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
    return (a & 0xffffffffu) * (b & 0xffffffffu);
#endif
}

// The high half of each 64-bit lane, moved to (at least) its low half.
inline vulong high_halves(vulong a)
{
#if defined(ADVPHY_AVX512)
    // A shuffle, not a shift: shifts would compete with the multiplications.
    return (vulong)_mm512_shuffle_epi32((__m512i)a, (_MM_PERM_ENUM)0xf5);
#else
    return a >> 32;
#endif
}

} // namespace gr::advphy::ADVPHY_SIMD_NAMESPACE
