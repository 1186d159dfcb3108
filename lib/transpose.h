// SPDX-License-Identifier: GPL-3.0-or-later
// Transposition of a square of vectors: from one item per row to one item per lane.
#pragma once
#include "simd.h"

namespace gr::advphy::ADVPHY_SIMD_NAMESPACE {
namespace {

// The low (high) halves of a and b, interleaved.
#if defined(ADVPHY_AVX512)
#define ADVPHY_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define ADVPHY_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif defined(ADVPHY_AVX2)
#define ADVPHY_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define ADVPHY_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define ADVPHY_LOW 0, 4, 1, 5
#define ADVPHY_HIGH 2, 6, 3, 7
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

} // namespace
} // namespace gr::advphy::ADVPHY_SIMD_NAMESPACE
