// SPDX-License-Identifier: GPL-3.0-or-later
#include "standin_channel.h"
#include "air/impairment.h"
#include "random/gaussian.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace gr::advphy {

namespace {
constexpr size_t taps = interpolator_taps, phases = interpolator_phases;

} // namespace

const std::vector<float>& fractional_delays()
{
    static const std::vector<float> filters = [] {
        std::vector<float> made;
        for (size_t phase = 0; phase <= phases; ++phase)
            for (size_t tap = 0; tap < taps; ++tap) {
                const double t = double(tap) - (taps / 2 - 1) - double(phase) / phases;
                const double sinc = t == 0 ? 1 : std::sin(M_PI * t) / (M_PI * t);
                const double window = 0.5 + 0.5 * std::cos(M_PI * t / (taps / 2));
                made.push_back(std::abs(t) < taps / 2 ? float(sinc * window) : 0.0f);
            }
        return made;
    }();
    return filters;
}

standin_channel::standin_channel(const impairments& given, double sample_rate)
    : d_given(given), d_cycles_per_sample(given.cfo / sample_rate),
      d_delay_left(given.delay),
      d_step(uint64_t(std::llround((1 + given.ppm * 1e-6) * 0x1p32)))
{
    if (given.ppm != 0) {
        // Sample 0 is then in the middle of the filter.
        d_waiting.assign(taps / 2 - 1, { 0, 0 });
    }
}

void standin_channel::pass(const sample* sent, size_t count, std::vector<sample>& out)
{
    const size_t begin = out.size();
    auto& first = d_given.ppm == 0 ? out : d_waiting;
    // A part of the delay with each call, so that a long one does not fill the memory.
    const size_t zeros = std::min<uint64_t>(d_delay_left, 65536);
    first.insert(first.end(), zeros, { 0, 0 });
    d_delay_left -= zeros;
    first.insert(first.end(), sent, sent + count);
    if (d_given.ppm != 0)
        resample(out);
    impair(out.data() + begin, out.size() - begin);
}

void standin_channel::resample(std::vector<sample>& out)
{
    const uint64_t filters = d_waiting.size() - std::min(d_waiting.size(), taps - 1);
    size_t count = 0; // of samples whose filter lies within d_waiting
    if (d_at < filters << 32)
        count = size_t(((filters << 32) - 1 - d_at) / d_step + 1);
    out.resize(out.size() + count);
    interpolate(fractional_delays().data(),
                d_waiting.data(),
                d_at,
                d_step,
                count,
                out.data() + out.size() - count);
    d_at += count * d_step;
    const auto gone = std::min<uint64_t>(d_at >> 32, d_waiting.size());
    d_waiting.erase(d_waiting.begin(), d_waiting.begin() + long(gone));
    d_at -= gone << 32;
}

void standin_channel::impair(sample* samples, size_t count)
{
    if (d_given.noise_variance > 0) {
        d_normals.resize(2 * count);
        const draw normals{ d_given.seed, stream::noise, 2 * d_index, 2 * count };
        gaussian(normals, d_normals.data());
    }
    const auto sigma = float(std::sqrt(d_given.noise_variance));
    const auto step = float(std::pow(10.0, d_given.gain_step_db / 20));
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (size_t i = 0; i < count; ++i, ++d_index) {
        if (d_cycles_per_sample != 0) {
            double whole;
            const double cycles =
                std::modf(double(d_index) * d_cycles_per_sample, &whole);
            samples[i] *= sample(std::polar(1.0, 2 * M_PI * cycles));
        }
        if (d_given.gain_step_every && d_index / d_given.gain_step_every % 2)
            samples[i] *= step;
        if (d_given.noise_variance > 0)
            samples[i] += sigma * sample(d_normals[2 * i], d_normals[2 * i + 1]);
        if (d_given.nan_every && d_index >= d_given.nan_every &&
            d_index % d_given.nan_every < d_given.nan_samples) {
            samples[i] = { nan, nan };
        }
    }
}

} // namespace gr::advphy
