// SPDX-License-Identifier: GPL-3.0-or-later
// Impairments of complex samples: phasors, products, interpolation.
//
// Compiled without contraction to fused multiply-add and with a fixed order of
// operations, so any chunks give the same bits. References: numpy's exp, complex product,
// and a sum over sinc, in tests/test_impairments.py.
#pragma once
#include "sample.h"

namespace gr::advphy {

// out[i] = exp(2 pi j turns[i] / 2^32), error below 3e-7. Cost: about 1 ns each.
void phasors(const uint32_t* turns, size_t count, sample* out);

// y[i] = gains[i] x[i]; y may be x. Cost: about 1 ns each.
void multiply(const sample* gains, const sample* x, size_t count, sample* y);

// Interpolator: number of taps, and number of fractions of a sample in its table of taps.
// Between two fractions, taps are interpolated linearly.
constexpr size_t interpolator_taps = 32;
constexpr size_t interpolator_phases = 512;

// Interpolate x: out[i] is x at position start + i step, both in samples times 2^32. The
// value at q is the sum over k of table[fraction of q][k] x[whole part of q + k], so x
// begins earlier than the first position by the delay of the taps.
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
