// SPDX-License-Identifier: GPL-3.0-or-later
// The exponential function on vectors, for eLU, sigmoid and softmax.
#pragma once
#include "simd.h"

namespace gr::advphy::ADVPHY_SIMD_NAMESPACE {
namespace {

// exp(x) = power + power * rest, with |rest| < 1/2; polynomial:
// tests/test_fit_polynomials.py.
struct exponential {
    vfloat power, rest;

    explicit exponential(vfloat x)
    {
        x = x < -80.0f ? fill(-80.0f) : x; // NaN stays NaN
        x = x > 80.0f ? fill(80.0f) : x;
        const vfloat half = (vfloat)(((vuint)x & 0x80000000u) | 0x3f000000u);
        const vint n = __builtin_convertvector(x * 1.442695041f + half, vint);
        const vfloat nf = __builtin_convertvector(n, vfloat);
        // ln 2 in two parts, so that n ln 2 is exact enough.
        const vfloat r = (x - nf * 0.693359375f) - nf * -2.12194440e-4f;
        vfloat p = fill(1.989928569e-04f);
        p = p * r + 1.394111896e-03f;
        p = p * r + 8.333298378e-03f;
        p = p * r + 4.166635126e-02f;
        p = p * r + 1.666666716e-01f;
        p = p * r + 5.000000000e-01f;
        rest = p * r * r + r;
        power = (vfloat)((n + 127) << 23);
    }

    vfloat value() const { return power * rest + power; }
    // exp(x) - 1, with a small relative error also near 0.
    vfloat minus_one() const { return power * rest + (power - 1.0f); }
};

} // namespace
} // namespace gr::advphy::ADVPHY_SIMD_NAMESPACE
