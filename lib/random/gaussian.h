// SPDX-License-Identifier: GPL-3.0-or-later
// Gaussian noise and random bytes as pure functions of (seed, index).
//
// Philox4x32-10 (see random_kernels.h for the layout) and Box-Muller: the bits do not
// depend on chunks, threads or the instruction set. Normals lie within 6.66 sigma; the
// probability beyond is 2.7e-11. Cost: about 2 cycles per normal with AVX-512.
// Reference: a numpy Philox in tests/test_randomness.py, and the published vectors of
// [philox].
#pragma once
#include "random/random_kernels.h"

namespace gr::advphy {

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
