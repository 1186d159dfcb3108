// SPDX-License-Identifier: GPL-3.0-or-later
#include "air/impairment.h"
#include "instruction_set.h"
#include <algorithm>

namespace gr::advphy {

void phasors(const uint32_t* turns, size_t count, float* out)
{
    constexpr size_t tile = 256; // a multiple of the kernel's group
    uint32_t some[tile];
    float cosine[tile], sine[tile];
    for (size_t done = 0; done < count; done += tile) {
        const size_t size = std::min(tile, count - done);
        std::copy_n(turns + done, size, some);
        std::fill(some + size, some + tile, 0u);
        kernels().unit_circle(some, tile, cosine, sine);
        for (size_t i = 0; i < size; ++i) {
            out[2 * (done + i)] = cosine[i];
            out[2 * (done + i) + 1] = sine[i];
        }
    }
}

void multiply(const float* gains, const float* x, size_t count, float* y)
{
    for (size_t i = 0; i < 2 * count; i += 2) {
        const float real = gains[i] * x[i] - gains[i + 1] * x[i + 1];
        const float imaginary = gains[i] * x[i + 1] + gains[i + 1] * x[i];
        y[i] = real;
        y[i + 1] = imaginary;
    }
}

void interpolate(const float* table,
                 const float* x,
                 uint64_t start,
                 uint64_t step,
                 size_t count,
                 float* out)
{
    constexpr size_t taps = interpolator_taps, lanes = 4;
    constexpr float unit = 1.0f / float(uint64_t(1) << 32);
    for (size_t i = 0; i < count; ++i, start += step) {
        const uint64_t phase = (start & 0xffffffffu) * interpolator_phases;
        const float* near = table + (phase >> 32) * taps;
        const float between = float(phase & 0xffffffffu) * unit;
        const float* from = x + 2 * (start >> 32);
        float real[lanes] = {}, imaginary[lanes] = {};
        for (size_t k = 0; k < taps; k += lanes)
            for (size_t lane = 0; lane < lanes; ++lane) {
                const float low = near[k + lane], high = near[k + lane + taps];
                const float tap = low + between * (high - low);
                real[lane] += tap * from[2 * (k + lane)];
                imaginary[lane] += tap * from[2 * (k + lane) + 1];
            }
        out[2 * i] = (real[0] + real[1]) + (real[2] + real[3]);
        out[2 * i + 1] = (imaginary[0] + imaginary[1]) + (imaginary[2] + imaginary[3]);
    }
}

} // namespace gr::advphy
