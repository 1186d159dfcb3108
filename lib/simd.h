// SPDX-License-Identifier: GPL-3.0-or-later
// Vectors of the instruction set that this translation unit is compiled for, and their
// transposition: from one item per row to one item per lane.
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

// ADVPHY_INTRINSIC: an operation of Intel's on whole vectors.
#if defined(ADVPHY_AVX512)
#define ADVPHY_SIMD_NAMESPACE avx512
#define ADVPHY_VECTOR_BYTES 64
#define ADVPHY_INTRINSIC(operation) _mm512_##operation
#elif defined(ADVPHY_AVX2)
#define ADVPHY_SIMD_NAMESPACE avx2
#define ADVPHY_VECTOR_BYTES 32
#define ADVPHY_INTRINSIC(operation) _mm256_##operation
#else
#define ADVPHY_SIMD_NAMESPACE baseline
#define ADVPHY_VECTOR_BYTES 16
#define ADVPHY_INTRINSIC(operation) _mm_##operation
#endif

namespace gr::advphy::ADVPHY_SIMD_NAMESPACE {

constexpr int vector_bytes = ADVPHY_VECTOR_BYTES, lanes = vector_bytes / 4;

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
#if defined(__x86_64__)
    return ADVPHY_INTRINSIC(max_ps)(a, b);
#else
    return a > b ? a : b;
#endif
}

// Square root, correctly rounded, so it is the same on every instruction set.
inline vfloat square_root(vfloat x)
{
#if defined(__x86_64__)
    return ADVPHY_INTRINSIC(sqrt_ps)(x);
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
#if defined(__x86_64__)
    using native = long long __attribute__((vector_size(vector_bytes)));
    return (vulong)ADVPHY_INTRINSIC(mul_epu32)((native)a, (native)b);
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

// The low (high) halves of a and b, interleaved; then the same in each 128 bits, by
// floats and by pairs of them.
#if defined(ADVPHY_AVX512)
#define ADVPHY_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define ADVPHY_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define ADVPHY_LOW_4 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29
#define ADVPHY_HIGH_4 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31
#define ADVPHY_LOW_PAIRS 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define ADVPHY_HIGH_PAIRS 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#elif defined(ADVPHY_AVX2)
#define ADVPHY_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define ADVPHY_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#define ADVPHY_LOW_4 0, 8, 1, 9, 4, 12, 5, 13
#define ADVPHY_HIGH_4 2, 10, 3, 11, 6, 14, 7, 15
#define ADVPHY_LOW_PAIRS 0, 1, 8, 9, 4, 5, 12, 13
#define ADVPHY_HIGH_PAIRS 2, 3, 10, 11, 6, 7, 14, 15
#else
#define ADVPHY_LOW 0, 4, 1, 5
#define ADVPHY_HIGH 2, 6, 3, 7
#define ADVPHY_LOW_4 ADVPHY_LOW
#define ADVPHY_HIGH_4 ADVPHY_HIGH
#define ADVPHY_LOW_PAIRS 0, 1, 4, 5
#define ADVPHY_HIGH_PAIRS 2, 3, 6, 7
#endif

// Transpose in place by perfect shuffles. Cost: lanes log2(lanes) instructions.
inline void transpose(vfloat (&m)[lanes])
{
    vfloat n[lanes];
    for (int distance = 1; distance < lanes; distance *= 2) {
        for (int i = 0; i < lanes / 2; ++i) {
            n[2 * i] = __builtin_shufflevector(m[i], m[i + lanes / 2], ADVPHY_LOW);
            n[2 * i + 1] = __builtin_shufflevector(m[i], m[i + lanes / 2], ADVPHY_HIGH);
        }
        for (int i = 0; i < lanes; ++i)
            m[i] = n[i];
    }
}

// Four floats of each fourth row: row 0 in the first 128 bits, row 4 in the next.
inline vfloat load_each_fourth(const float* rows, [[maybe_unused]] size_t stride)
{
#if defined(ADVPHY_AVX512)
    __m512 x = _mm512_castps128_ps512(_mm_loadu_ps(rows));
    x = _mm512_insertf32x4(x, _mm_loadu_ps(rows + 4 * stride), 1);
    x = _mm512_insertf32x4(x, _mm_loadu_ps(rows + 8 * stride), 2);
    return (vfloat)_mm512_insertf32x4(x, _mm_loadu_ps(rows + 12 * stride), 3);
#elif defined(ADVPHY_AVX2)
    const __m256 x = _mm256_castps128_ps256(_mm_loadu_ps(rows));
    return (vfloat)_mm256_insertf128_ps(x, _mm_loadu_ps(rows + 4 * stride), 1);
#else
    return load(rows);
#endif
}

// Read the first four columns of `lanes` rows, a row in each lane.
inline void load_columns(const float* rows, size_t stride, vfloat (&column)[4])
{
    vfloat m[4];
    for (int i = 0; i < 4; ++i)
        m[i] = load_each_fourth(rows + i * stride, stride);
    const vfloat low01 = __builtin_shufflevector(m[0], m[1], ADVPHY_LOW_4);
    const vfloat low23 = __builtin_shufflevector(m[2], m[3], ADVPHY_LOW_4);
    const vfloat high01 = __builtin_shufflevector(m[0], m[1], ADVPHY_HIGH_4);
    const vfloat high23 = __builtin_shufflevector(m[2], m[3], ADVPHY_HIGH_4);
    column[0] = __builtin_shufflevector(low01, low23, ADVPHY_LOW_PAIRS);
    column[1] = __builtin_shufflevector(low01, low23, ADVPHY_HIGH_PAIRS);
    column[2] = __builtin_shufflevector(high01, high23, ADVPHY_LOW_PAIRS);
    column[3] = __builtin_shufflevector(high01, high23, ADVPHY_HIGH_PAIRS);
}

} // namespace gr::advphy::ADVPHY_SIMD_NAMESPACE
