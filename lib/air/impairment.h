// SPDX-License-Identifier: GPL-3.0-or-later
// What channels do to complex samples: turn them, multiply them, read between them.
//
// Compiled without contraction to fused multiply-add, in one order: any chunking gives
// the same bits. References: numpy's exp, complex product, and a sum over sinc, in
// tests/test_impairments.py.
#pragma once
#include "sample.h"

namespace gr::advphy {

// out[i] = exp(2 pi j turns[i] / 2^32), within 3e-7. Cost: about 1 ns each.
void phasors(const uint32_t* turns, size_t count, sample* out);

// y[i] = gains[i] x[i]; y may be x. Cost: about 1 ns each.
void multiply(const sample* gains, const sample* x, size_t count, sample* y);

// Taps of an interpolator: how many samples a value is made of, and how many fractions of
// a sample the table of taps knows; between them taps are interpolated linearly.
constexpr size_t interpolator_taps = 32;
constexpr size_t interpolator_phases = 512;

// Read x between its samples: out[i] is x at start + i step, both in samples times 2^32.
// x at position q is the sum over k of table[fraction of q][k] x[whole part of q + k], so
// x begins before the first sample wanted by what the taps reach back.
// table: [interpolator_phases + 1][interpolator_taps].
// x must hold the samples up to the last position's whole part + interpolator_taps - 1.
// Cost: about 30 ns each.
void interpolate(const float* table,
                 const sample* x,
                 uint64_t start,
                 uint64_t step,
                 size_t count,
                 sample* out);

} // namespace gr::advphy
