// SPDX-License-Identifier: GPL-3.0-or-later
#include "air/air_path.h"
#include "air/impairment.h"
#include "random/gaussian.h"
#include <algorithm>
#include <cmath>

namespace gr::advphy {

namespace {

constexpr size_t longest_piece = 256; // samples between two filters
constexpr double turned = 0.01; // cycles that a ray may turn within a piece
constexpr size_t before = interpolator_taps / 2 - 1; // taps before a ray's delay
constexpr size_t sinusoids = 16;

constexpr size_t first_table = 2, first_with_line_of_sight = 3;
constexpr double line_of_sight_doppler = 0.7; // of the largest, [tr38901], 7.7.2

double from_db(double db) { return std::pow(10.0, db / 10); }

// Numbers in 0..1 that depend on the seed and the ray alone.
std::vector<double> drawn(double seed, uint64_t ray)
{
    std::vector<uint32_t> words(4 * group_counters);
    random_words({ uint64_t(seed), stream::fading, ray * group_counters, group_counters },
                 words.data());
    std::vector<double> turns(words.begin(), words.end());
    for (double& turn : turns)
        turn *= 0x1p-32;
    return turns;
}

} // namespace

air_path::air_path(const path_settings& settings, double sample_rate, double origin)
    : d_sample_rate(sample_rate)
{
    d_settings.delay = 0;
    d_whole = int64_t(std::floor(origin));
    d_fraction = origin - double(d_whole);
    change(settings, sample_rate);
}

void air_path::change(const path_settings& settings, double sample_rate)
{
    const double position = d_fraction + d_settings.delay - settings.delay;
    d_whole += int64_t(std::floor(position));
    d_fraction = position - std::floor(position);
    d_settings = settings;
    d_sample_rate = sample_rate;
    set_rays();
}

void air_path::set_rays()
{
    const auto profile = size_t(d_settings.profile);
    d_rays.clear();
    if (profile < first_table) {
        d_rays.push_back({ 0, 1, d_settings.doppler, 1, {}, {} });
        if (profile == 1) {
            const double phase = d_settings.echo_phase * M_PI / 180;
            const double power = from_db(d_settings.echo_gain_db);
            ray echo{ d_settings.echo_delay, power, -d_settings.doppler, {}, {}, {} };
            echo.fixed = std::polar(1.0, phase);
            d_rays.push_back(echo);
        }
    } else {
        const auto& table = tapped_delay_lines[profile - first_table];
        double whole = 0;
        for (const tabled_ray& tabled : table)
            whole += from_db(tabled.power_db);
        const double spread = d_settings.spread_ns * 1e-9 * d_sample_rate;
        for (const tabled_ray& tabled : table) {
            const double power = from_db(tabled.power_db) / whole;
            ray made{ tabled.delay * spread, power, 0, 1, {}, {} };
            const bool in_sight =
                d_rays.empty() && profile >= first_table + first_with_line_of_sight;
            if (in_sight)
                made.shift = line_of_sight_doppler * d_settings.doppler;
            else
                scatter(made, d_rays.size());
            d_rays.push_back(made);
        }
    }
    double latest = 0;
    for (const ray& one : d_rays)
        latest = std::max(latest, one.delay);
    d_still = d_settings.doppler == 0 && d_settings.ppm == 0;
    d_single = d_settings.doppler == 0 && profile == 0;
    d_plain = d_single && d_still && d_fraction == 0;
    d_reach = d_plain ? 0 : size_t(std::ceil(latest)) + 1;
    d_size = d_plain ? 1 : d_reach + interpolator_taps + 1;
    const double cycles = d_settings.doppler / d_sample_rate;
    d_piece = longest_piece;
    while (d_piece > 16 && double(d_piece) * cycles > turned)
        d_piece /= 2;
    if (!d_plain)
        filter_at(0, d_fraction, d_begin);
}

// Sinusoids from all around: a complex normal gain in the limit of many.
void air_path::scatter(ray& made, uint64_t number)
{
    const auto turns = drawn(d_settings.seed, number);
    for (size_t m = 0; m < sinusoids; ++m) {
        const double angle = 2 * M_PI * (double(m) + turns[sinusoids]) / sinusoids;
        made.frequency.push_back(d_settings.doppler * std::cos(angle));
        made.phase.push_back(turns[m]);
    }
}

std::complex<double> air_path::gain(const ray& of, double seconds) const
{
    const auto turning = [](double cycles) {
        return std::polar(1.0, 2 * M_PI * (cycles - std::floor(cycles)));
    };
    if (of.frequency.empty())
        return std::sqrt(of.power) * of.fixed * turning(of.shift * seconds);
    std::complex<double> sum = 0;
    for (size_t m = 0; m < of.frequency.size(); ++m)
        sum += turning(of.frequency[m] * seconds + of.phase[m]);
    return std::sqrt(of.power / double(of.frequency.size())) * sum;
}

// filter[k] multiplies the sample k after first(). The fraction may be a little below 0
// or above 1.
void air_path::filter_at(double seconds, double fraction, taps& filter) const
{
    std::vector<std::complex<double>> sum(d_size);
    const float* table = fractional_delays().data();
    for (const ray& one : d_rays) {
        const double q = fraction - one.delay; // where the ray is, from d_whole on
        const double whole = std::floor(q);
        const double row = (q - whole) * interpolator_phases;
        const auto low = std::min(size_t(row), interpolator_phases - 1);
        const double share = row - double(low);
        const size_t at = size_t(double(d_reach) + whole);
        const auto g = gain(one, seconds);
        for (size_t k = 0; k < interpolator_taps; ++k) {
            const double below = table[low * interpolator_taps + k];
            const double above = table[(low + 1) * interpolator_taps + k];
            sum[at + k] += g * (below + share * (above - below));
        }
    }
    filter.resize(d_size);
    std::copy(sum.begin(), sum.end(), filter.begin());
}

int64_t air_path::first() const
{
    return d_plain ? d_whole : d_whole - int64_t(d_reach + before);
}

size_t air_path::needed(size_t count) const
{
    const double drift = double(count) * std::abs(d_settings.ppm) * 1e-6;
    return count + d_size - 1 + (d_still ? 0 : size_t(drift) + 2);
}

void air_path::add(const sample* sent, int64_t at, size_t count, sample* out)
{
    const float gain = float(std::pow(10.0, d_settings.gain_db / 20));
    const int64_t begin = first();
    for (size_t done = 0; done < count;) {
        const int64_t now = at + int64_t(done);
        size_t size = count - done;
        if (!d_single) // pieces begin at multiples of their size, for any calls
            size = std::min(size, d_piece - size_t(now) % d_piece);
        const sample* from = sent + (first() - begin);
        if (!d_plain)
            pass_rays(from, now, size);
        else if (d_settings.cfo != 0)
            d_out.assign(from, from + size);
        if (d_settings.cfo != 0)
            turn(now, size, d_out.data());
        if (!d_plain || d_settings.cfo != 0)
            from = d_out.data();
        for (size_t i = 0; i < size; ++i)
            out[done + i] += gain * from[i];
        done += size;
        skip(int64_t(size));
    }
}

// Filter a piece, or a part of one, into d_out.
void air_path::pass_rays(const sample* from, int64_t now, size_t count)
{
    d_out.resize(count);
    if (d_single) {
        const auto start = uint64_t(std::llround(d_fraction * 0x1p32));
        const auto step = uint64_t(std::llround((1 + d_settings.ppm * 1e-6) * 0x1p32));
        const float* table = fractional_delays().data();
        interpolate(table, from + d_reach, start, step, count, d_out.data());
        return;
    }
    const size_t length = count + d_size - 1;
    d_sent.resize(2 * length);
    for (size_t i = 0; i < length; ++i) {
        d_sent[i] = from[i].real();
        d_sent[length + i] = from[i].imag();
    }
    const size_t before_now = size_t(now) % d_piece;
    const auto filter_of = [&](int64_t samples, taps& filter) { // from now on
        const double fraction = d_fraction + double(samples) * d_settings.ppm * 1e-6;
        filter_at(double(now + samples) / d_sample_rate, fraction, filter);
    };
    if (!d_still)
        filter_of(-int64_t(before_now), d_begin);
    filtered(d_begin, count, d_first);
    for (size_t i = 0; i < count; ++i)
        d_out[i] = { d_first[i], d_first[count + i] };
    if (d_still)
        return;
    filter_of(int64_t(d_piece - before_now), d_end);
    filtered(d_end, count, d_second);
    for (size_t i = 0; i < count; ++i) {
        const sample later(d_second[i], d_second[count + i]);
        d_out[i] += (later - d_out[i]) * (float(before_now + i) / float(d_piece));
    }
}

void air_path::skip(int64_t count)
{
    const double position = d_fraction + double(count) * d_settings.ppm * 1e-6;
    d_whole += count + int64_t(std::floor(position));
    d_fraction = position - std::floor(position);
}

// Filter d_sent; loops over outputs inside, which the compiler makes vectors of.
void air_path::filtered(const taps& filter, size_t count, std::vector<float>& out) const
{
    out.assign(2 * count, 0.0f);
    const size_t length = count + d_size - 1;
    float* re = out.data();
    float* im = out.data() + count;
    for (size_t k = 0; k < d_size; ++k) {
        const float a = filter[k].real(), b = filter[k].imag();
        const float* x = d_sent.data() + k;
        const float* y = d_sent.data() + length + k;
        for (size_t i = 0; i < count; ++i) {
            re[i] += a * x[i] - b * y[i];
            im[i] += a * y[i] + b * x[i];
        }
    }
}

void air_path::turn(int64_t at, size_t count, sample* samples) const
{
    const double step = d_settings.cfo / d_sample_rate;
    std::complex<double> turning, turn = std::polar(1.0, 2 * M_PI * step);
    for (size_t i = 0; i < count; ++i, turning *= turn) {
        if (i % longest_piece == 0) { // exact again
            double whole;
            const double cycles = std::modf(double(at + int64_t(i)) * step, &whole);
            turning = std::polar(1.0, 2 * M_PI * cycles);
        }
        samples[i] *= sample(turning);
    }
}

} // namespace gr::advphy
