// SPDX-License-Identifier: GPL-3.0-or-later
#include "air/impairment.h"
#include "instruction_set.h"
#include <algorithm>

namespace gr::advphy {

void phasors(const uint32_t* turns, size_t count, sample* out)
{
    constexpr size_t tile = 256; // a multiple of the kernel's group
    uint32_t some[tile];
    float cosine[tile], sine[tile];
    for (size_t done = 0; done < count; done += tile) {
        const size_t size = std::min(tile, count - done);
        std::copy_n(turns + done, size, some);
        std::fill(some + size, some + tile, 0u);
        kernels().random.unit_circle(some, tile, cosine, sine);
        for (size_t i = 0; i < size; ++i)
            out[done + i] = { cosine[i], sine[i] };
    }
}

void multiply(const sample* gains, const sample* x, size_t count, sample* y)
{
    for (size_t i = 0; i < count; ++i)
        y[i] = { gains[i].real() * x[i].real() - gains[i].imag() * x[i].imag(),
                 gains[i].real() * x[i].imag() + gains[i].imag() * x[i].real() };
}

void interpolate(const float* table,
                 const sample* x,
                 uint64_t start,
                 uint64_t step,
                 size_t count,
                 sample* out)
{
    constexpr size_t taps = interpolator_taps, lanes = 4;
    constexpr float unit = 1.0f / float(uint64_t(1) << 32);
    for (size_t i = 0; i < count; ++i, start += step) {
        const uint64_t phase = (start & 0xffffffffu) * interpolator_phases;
        const float* near = table + (phase >> 32) * taps;
        const float between = float(phase & 0xffffffffu) * unit;
        const sample* from = x + (start >> 32);
        float real[lanes] = {}, imaginary[lanes] = {};
        for (size_t k = 0; k < taps; k += lanes)
            for (size_t lane = 0; lane < lanes; ++lane) {
                const float low = near[k + lane], high = near[k + lane + taps];
                const float tap = low + between * (high - low);
                real[lane] += tap * from[k + lane].real();
                imaginary[lane] += tap * from[k + lane].imag();
            }
        out[i] = { (real[0] + real[1]) + (real[2] + real[3]),
                   (imaginary[0] + imaginary[1]) + (imaginary[2] + imaginary[3]) };
    }
}

} // namespace gr::advphy
