// SPDX-License-Identifier: GPL-3.0-or-later
// Standard normals from pairs of random words, one pair per lane.
//
// Compile without contraction to fused multiply-add, so that every instruction set
// gives the same bits. Constants: tests/test_fit_polynomials.py.
#pragma once
#include "simd.h"

namespace gr::advphy::ADVPHY_SIMD_NAMESPACE {
namespace {

// sqrt(-2 ln u) with u = (31 bits of a + 1/2) / 2^31: at most 6.66.
inline vfloat radius(vuint a)
{
    const vfloat v = __builtin_convertvector((vint)(a >> 1), vfloat) + 0.5f;
    const vuint sqrt_half = fill_uint(0x3f3504f3u); // bits of sqrt(1/2)
    const vuint bits = (vuint)v - sqrt_half;
    const vint exponent = (vint)bits >> 23;
    const vfloat f = (vfloat)((bits & 0x007fffffu) + sqrt_half) - 1.0f;
    vfloat p = fill(8.533313125e-02f);
    p = p * f + -1.426925808e-01f;
    p = p * f + 1.497740149e-01f;
    p = p * f + -1.657799333e-01f;
    p = p * f + 1.995593309e-01f;
    p = p * f + -2.500135303e-01f;
    p = p * f + 3.333419263e-01f;
    p = p * f + -4.999999702e-01f;
    p = p * f + 1.0f;
    // -2 ln u = -2 (f p + (exponent - 31) ln 2)
    const vfloat e = __builtin_convertvector(exponent - 31, vfloat);
    const vfloat square = e * -1.386294361f - (f + f) * p;
    return square_root(square > 0.0f ? square : vfloat{});
}

// Sine and cosine of an angle in -pi/4..pi/4.
inline void sine_and_cosine(vfloat angle, vfloat& sine, vfloat& cosine)
{
    const vfloat z = angle * angle;
    vfloat s = fill(-1.950390433e-04f), c = fill(-1.358577982e-03f);
    s = s * z + 8.332035504e-03f;
    c = c * z + 4.165501520e-02f;
    s = s * z + -1.666665077e-01f;
    c = c * z + -4.999985695e-01f;
    s = s * z + 1.0f;
    cosine = c * z + 1.0f;
    sine = s * angle;
}

// Two independent standard normals per lane, from two words.
inline void box_muller(vuint a, vuint b, vfloat& first, vfloat& second)
{
    const vfloat r = radius(a);
    // 29 bits of b give an angle in [0, pi/4); the other 3 choose the octant.
    const vfloat angle =
        __builtin_convertvector((vint)(b & 0x1fffffffu), vfloat) * 1.462918079e-09f;
    vfloat s, c;
    sine_and_cosine(angle, s, c);
    const vint swap = (vint)(b << 2) < 0;
    const vuint sign = fill_uint(0x80000000u);
    const vfloat one = swap ? s : c, other = swap ? c : s;
    first = (vfloat)((vuint)(r * one) ^ (b & sign));
    second = (vfloat)((vuint)(r * other) ^ ((b << 1) & sign));
}

} // namespace
} // namespace gr::advphy::ADVPHY_SIMD_NAMESPACE
