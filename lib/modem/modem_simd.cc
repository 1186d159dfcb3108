// SPDX-License-Identifier: GPL-3.0-or-later
// Kernels of the modem. Compiled once per instruction set.
#include "modem/modem_kernels.h"
#include "simd.h"

namespace gr::advphy::ADVPHY_SIMD_NAMESPACE {

namespace {

// Not std::complex: functions of the C++ library must not be used here (simd.h).
inline const float* floats_of(const sample* x)
{
    return reinterpret_cast<const float*>(x);
}
inline float* floats_of(sample* x) { return reinterpret_cast<float*>(x); }

constexpr size_t together = 4; // vectors, to hide the latency of additions

struct complex_vectors {
    vfloat re[together], im[together];
};

// sums += factor * values[q .. q + together * lanes)
inline void
add(complex_vectors& sums, vfloat factor, const float* re, const float* im, size_t q)
{
    for (size_t v = 0; v < together; ++v) {
        sums.re[v] = sums.re[v] + factor * load(re + q + v * lanes);
        sums.im[v] = sums.im[v] + factor * load(im + q + v * lanes);
    }
}

// Distribute samples to `stride` pairs of arrays [length]: x[phase][i] is sample
// i * stride + phase.
void deal(const search_view& s, const float* samples)
{
    for (size_t phase = 0; phase < s.stride; ++phase) {
        float* re = s.dealt + 2 * phase * s.length;
        float* im = re + s.length;
        for (size_t i = 0; i < s.length; ++i) {
            re[i] = samples[2 * (i * s.stride + phase)];
            im[i] = samples[2 * (i * s.stride + phase) + 1];
        }
    }
}

void filter(const search_view& s)
{
    for (size_t q = 0; q < s.filtered; q += together * lanes) {
        complex_vectors sums{};
        for (size_t t = 0; t < s.taps; ++t) {
            const float* from = s.dealt + 2 * (t % s.stride) * s.length;
            add(sums, fill(s.pulse[t]), from, from + s.length, q + t / s.stride);
        }
        for (size_t v = 0; v < together; ++v) {
            store(s.re + q + v * lanes, sums.re[v]);
            store(s.im + q + v * lanes, sums.im[v]);
        }
    }
}

// energy[q] = sum over the preamble's symbols of |y[q + step i]|^2, by doubling.
void energies(const search_view& s)
{
    float* energy = s.energy;
    for (size_t q = 0; q < s.filtered; q += lanes) {
        const vfloat re = load(s.re + q), im = load(s.im + q);
        store(energy + q, re * re + im * im);
    }
    for (size_t width = 1; width < s.chips; width *= 2)
        for (size_t q = 0; q + width * s.step < s.filtered; q += lanes)
            store(energy + q, load(energy + q) + load(energy + q + width * s.step));
}

void correlate(const search_view& s)
{
    for (size_t q = 0; q < s.positions; q += together * lanes) {
        complex_vectors before{}, product{};
        for (size_t first = 0; first < s.chips; first += s.segment) {
            complex_vectors sums{};
            for (size_t i = first; i < first + s.segment; ++i)
                add(sums, fill(s.preamble[i]), s.re, s.im, q + i * s.step);
            for (size_t v = 0; v < together; ++v) { // += sums conj(before)
                product.re[v] =
                    product.re[v] + sums.re[v] * before.re[v] + sums.im[v] * before.im[v];
                product.im[v] =
                    product.im[v] + sums.im[v] * before.re[v] - sums.re[v] * before.im[v];
            }
            before = sums;
        }
        for (size_t v = 0; v < together; ++v) {
            const size_t at = q + v * lanes;
            const vfloat most = s.scale * load(s.energy + at) + 1e-15f;
            store(s.metric + at,
                  (product.re[v] * product.re[v] + product.im[v] * product.im[v]) /
                      (most * most));
            store(s.product_re + at, product.re[v]);
            store(s.product_im + at, product.im[v]);
        }
    }
}

void search(const search_view& s, const sample* samples)
{
    deal(s, floats_of(samples));
    filter(s);
    energies(s);
    correlate(s);
}

void filter_symbols(const sample* samples,
                    const size_t* start,
                    const float* const* taps,
                    size_t floats,
                    size_t count,
                    sample* symbols)
{
    float* out = floats_of(symbols);
    for (size_t i = 0; i < count; ++i) {
        const float* x = floats_of(samples + start[i]);
        vfloat sum{};
        for (size_t f = 0; f < floats; f += lanes)
            sum = sum + load(x + f) * load(taps[i] + f);
        float re = 0, im = 0;
        for (int l = 0; l < lanes; l += 2) {
            re += sum[l];
            im += sum[l + 1];
        }
        out[2 * i] = re;
        out[2 * i + 1] = im;
    }
}

void correlate_late(const sample* samples, size_t count, size_t lag, float* out)
{
    const float *x = floats_of(samples), *late = x + 2 * lag;
    vfloat re{}, first{}, second{}, energy{};
    for (size_t f = 0; f < 2 * count; f += lanes) {
        const vfloat here = load(x + f);
        re = re + here * load(late + f);
        first = first + here * load(late + f + 1); // in even lanes: real and imaginary
        second = second + here * load(late + f - 1); // in odd lanes: imaginary and real
        energy = energy + here * here;
    }
    out[0] = out[1] = out[2] = 0;
    for (int l = 0; l < lanes; ++l) {
        out[0] += re[l];
        out[1] += l % 2 ? -second[l] : first[l];
        out[2] += energy[l];
    }
}

void turn(
    const sample* samples, size_t count, const sample* turning, sample base, sample* to)
{
    const float *x = floats_of(samples), *t = floats_of(turning), *b = floats_of(&base);
    const float base_re = b[0], base_im = b[1];
    float* out = floats_of(to);
    for (size_t i = 0; i < count; ++i) {
        const float re = base_re * t[2 * i] - base_im * t[2 * i + 1];
        const float im = base_re * t[2 * i + 1] + base_im * t[2 * i];
        out[2 * i] = x[2 * i] * re - x[2 * i + 1] * im;
        out[2 * i + 1] = x[2 * i] * im + x[2 * i + 1] * re;
    }
}

float shape_pulses(const sample* symbols,
                   size_t count,
                   const float* pulse,
                   size_t taps,
                   size_t samples_per_symbol,
                   float scale,
                   sample* samples)
{
    constexpr size_t pairs = lanes / 2; // symbols in a vector
    const size_t sps = samples_per_symbol, reach = (taps + sps - 1) / sps;
    const float* x = floats_of(symbols);
    float* out = floats_of(samples);
    vfloat largest{};
    for (size_t i = 0; i < count;) {
        const bool inside = i + 1 >= reach && i + pairs <= count;
        float edge[lanes] = {}; // one symbol, near an end
        for (size_t phase = 0; phase < sps; ++phase) {
            vfloat sum{};
            for (size_t j = 0; j < reach && j * sps + phase < taps; ++j) {
                if (!inside) {
                    edge[0] = j <= i ? x[2 * (i - j)] : 0;
                    edge[1] = j <= i ? x[2 * (i - j) + 1] : 0;
                }
                const vfloat g = fill(pulse[j * sps + phase]);
                sum = sum + g * load(inside ? x + 2 * (i - j) : edge);
            }
            sum = sum * scale;
            largest = maximum(maximum(sum, -sum), largest); // drops NaN
            for (size_t l = 0; l < (inside ? pairs : 1); ++l) {
                float* to = out + 2 * ((i + l) * sps + phase);
                to[0] = sum[2 * l];
                to[1] = sum[2 * l + 1];
            }
        }
        i += inside ? pairs : 1;
    }
    float most = 0;
    for (int l = 0; l < lanes; ++l)
        most = largest[l] > most ? largest[l] : most;
    return most;
}

} // namespace

extern const modem_kernels modem_table = { search,         correlate, filter_symbols,
                                           correlate_late, turn,      shape_pulses };

} // namespace gr::advphy::ADVPHY_SIMD_NAMESPACE
