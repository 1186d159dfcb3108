// SPDX-License-Identifier: GPL-3.0-or-later
#include "modem/tone_canceller.h"
#include "instruction_set.h"
#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

namespace gr::advphy {

namespace {

constexpr int most_carriers = 4; // per window
constexpr int refinements = 3;
// A carrier has at least the energy of so many symbols of its window.
constexpr double sure_symbols = 20;
// Samples that may_hold_carrier() adds coherently, of which correlation it is suspicious.
constexpr size_t short_part = 64, part = 256, lags = 3;
constexpr float suspicious_quick = 0.55f, suspicious = 0.30f;
constexpr float deviations = 4.5f; // of the correlation of random symbols
constexpr size_t shortest = 32; // samples
constexpr double worth_shortening = 1.02; // ratio of explained energies
constexpr double absent = 4; // times the power where a carrier is not

} // namespace

bool may_hold_carrier(const sample* x, size_t count, size_t symbol)
{
    // Several lags, because two carriers may be opposite after one of them.
    struct {
        float quick = 0, slow = 0, re = 0, im = 0; // sums over parts
        float short_energy = 0, energy = 1e-30f;
    } sums[lags];
    for (size_t at = 0, k = 0; at + part + (2 + lags) * symbol + row_padding <= count;
         at += part, k = (k + 1) % lags) {
        float first[3], rest[3];
        kernels().modem.correlate_late(x + at, short_part, (3 + k) * symbol, first);
        kernels().modem.correlate_late(
            x + at + short_part, part - short_part, (3 + k) * symbol, rest);
        const float re = first[0] + rest[0], im = first[1] + rest[1];
        sums[k].quick += std::hypot(first[0], first[1]);
        sums[k].short_energy += first[2];
        sums[k].slow += std::hypot(re, im);
        sums[k].re += re;
        sums[k].im += im;
        sums[k].energy += first[2] + rest[2];
    }
    const float chance = deviations * std::sqrt(float(lags * symbol) / float(count));
    return std::any_of(std::begin(sums), std::end(sums), [chance](const auto& sum) {
        return sum.quick > suspicious_quick * sum.short_energy ||
               sum.slow > suspicious * sum.energy ||
               std::hypot(sum.re, sum.im) > chance * sum.energy;
    });
}

tone_canceller::tone_canceller(size_t symbols, size_t samples_per_symbol)
    : d_sure(sure_symbols / double(symbols)), d_lag(3 * samples_per_symbol),
      d_length(symbols)
{
    while (d_length < symbols * samples_per_symbol)
        d_length *= 2;
    for (size_t i = 0; i < d_length; ++i) {
        const double turn = 2 * M_PI * double(i) / double(d_length);
        d_weight.push_back((1 - std::cos(turn)) / 2);
        d_turns.push_back(std::polar(1.0, -turn));
    }
    d_window.resize(d_length);
    d_spectrum.resize(d_length);
}

bool tone_canceller::clean(const sample* x, size_t count, std::vector<sample>& out)
{
    out.assign(x, x + count);
    bool found = false;
    const long half = long(d_length / 2), end = long(count);
    for (long begin = -half; begin < end; begin += half) {
        for (long i = 0; i < 2 * half; ++i) {
            const long at = begin + i;
            d_window[size_t(i)] = at < 0 || at >= end ? complex() : complex(x[at]);
        }
        d_energy = 1e-30;
        for (size_t i = 0; i < d_length; ++i)
            d_energy += d_weight[i] * std::norm(d_window[i]);
        for (int found_here = 0; found_here < most_carriers; ++found_here) {
            const carrier c = strongest();
            if (c.share < d_sure)
                break;
            found = true;
            along(c, [&](size_t i, complex value) {
                d_window[i] -= value;
                const long at = begin + long(i);
                if (at >= 0 && at < end)
                    out[size_t(at)] -= sample(d_weight[i] * value);
            });
        }
    }
    return found;
}

// Call each(i, value) with a carrier's value at each sample of the window.
template <class Function>
void tone_canceller::along(const carrier& c, Function each) const
{
    const double first = -double(d_length / 2);
    complex value = c.amplitude * std::polar(1.0, first * (c.rate + first * c.curvature));
    complex step = std::polar(1.0, c.rate + (2 * first + 1) * c.curvature);
    const complex further = std::polar(1.0, 2 * c.curvature);
    for (size_t i = 0; i < c.to; ++i) {
        if (i >= c.from)
            each(i, value);
        value *= step;
        step *= further;
    }
}

tone_canceller::carrier tone_canceller::strongest()
{
    // The product with a later sample turns by 2 curvature lag per sample.
    std::fill(d_spectrum.begin(), d_spectrum.end(), complex());
    for (size_t i = 0; i + d_lag < d_length; ++i)
        d_spectrum[i] = d_window[i + d_lag] * std::conj(d_window[i]);
    const carrier product = from_spectrum(0);
    carrier best{};
    for (const double curvature : { 0.0, product.rate / (2 * double(d_lag)) }) {
        along({ 1, 0, curvature, 0, d_length }, [&](size_t i, complex value) {
            d_spectrum[i] = d_weight[i] * d_window[i] * std::conj(value);
        });
        const carrier c = from_spectrum(curvature);
        if (c.share > best.share)
            best = c;
    }
    if (best.share > d_sure / 4) { // before refinement
        refine(best);
        shorten(best);
    }
    return best;
}

// The largest line of the spectrum of d_spectrum, which is overwritten.
tone_canceller::carrier tone_canceller::from_spectrum(double curvature)
{
    transform();
    const auto highest =
        std::max_element(d_spectrum.begin(), d_spectrum.end(), [](complex a, complex b) {
            return std::norm(a) < std::norm(b);
        });
    auto line = double(highest - d_spectrum.begin());
    if (line > double(d_length / 2))
        line -= double(d_length);
    // The sum of the weights is half the length.
    const double share = std::norm(*highest) / (double(d_length) / 2 * d_energy);
    return { 0, 2 * M_PI * line / double(d_length), curvature, 0, d_length, share };
}

// Amplitude and share by least squares; rate and curvature by regression of the phase.
void tone_canceller::refine(carrier& c) const
{
    double center = 0, weight = 0;
    for (size_t i = c.from; i < c.to; ++i) {
        center += d_weight[i] * (double(i) - double(d_length / 2));
        weight += d_weight[i];
    }
    center /= weight;
    for (int round = 0; round <= refinements; ++round) {
        complex sum[3] = {}; // of weight (1, t, t^2) x / carrier
        double second = 0, fourth = 0; // moments of the weight
        c.amplitude = 1;
        along(c, [&](size_t i, complex value) {
            const double t = double(i) - double(d_length / 2) - center;
            const complex still = d_weight[i] * d_window[i] * std::conj(value);
            sum[0] += still;
            sum[1] += t * still;
            sum[2] += t * t * still;
            second += t * t * d_weight[i] / weight;
            fourth += t * t * t * t * d_weight[i] / weight;
        });
        if (sum[0] == complex())
            return;
        c.amplitude = sum[0] / weight;
        c.share = std::norm(sum[0]) / (weight * d_energy);
        if (round == refinements)
            return;
        const double bend =
            std::imag((sum[2] - second * sum[0]) / sum[0]) / (fourth - second * second);
        c.rate += std::imag(sum[1] / sum[0]) / second - 2 * bend * center;
        c.curvature += bend;
    }
}

// Take a carrier that begins or ends within the window for what it is.
void tone_canceller::shorten(carrier& c) const
{
    std::vector<complex> sum(1);
    std::vector<double> weight(1);
    carrier shorter = c;
    shorter.amplitude = 1;
    along(shorter, [&](size_t i, complex value) {
        sum.push_back(sum.back() + d_weight[i] * d_window[i] * std::conj(value));
        weight.push_back(weight.back() + d_weight[i]);
    });
    double best = worth_shortening * std::norm(sum.back()) / weight.back();
    for (size_t i = shortest; i + shortest < sum.size(); i += 4) {
        const double rest = weight.back() - weight[i];
        const double until = std::norm(sum[i]) / weight[i];
        const double since = std::norm(sum.back() - sum[i]) / rest;
        const bool ends = until / weight[i] > absent * since / rest;
        const bool begins = since / rest > absent * until / weight[i];
        if ((begins || ends) && std::max(until, since) > best) {
            best = std::max(until, since);
            shorter.from = since > until ? i : 0;
            shorter.to = since > until ? d_length : i;
        }
    }
    if (shorter.to - shorter.from == d_length)
        return;
    refine(shorter);
    if (shorter.share > c.share)
        c = shorter;
}

// Fast Fourier transform of d_spectrum, in place.
void tone_canceller::transform()
{
    for (size_t i = 1, j = 0; i < d_length; ++i) {
        size_t bit = d_length / 2;
        for (; j & bit; bit /= 2)
            j ^= bit;
        j |= bit;
        if (i < j)
            std::swap(d_spectrum[i], d_spectrum[j]);
    }
    for (size_t half = 1; half < d_length; half *= 2)
        for (size_t begin = 0; begin < d_length; begin += 2 * half)
            for (size_t i = begin; i < begin + half; ++i) {
                const complex odd =
                    d_spectrum[i + half] * d_turns[(i - begin) * (d_length / 2 / half)];
                d_spectrum[i + half] = d_spectrum[i] - odd;
                d_spectrum[i] += odd;
            }
}

} // namespace gr::advphy
