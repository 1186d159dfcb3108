// SPDX-License-Identifier: GPL-3.0-or-later
#include "modem/phase_tracker.h"
#include <algorithm>
#include <cmath>

namespace gr::advphy {

namespace {

struct state {
    double phase, frequency;
    double pp, pf, ff; // covariance

    // Predict the state after `step` symbols.
    state ahead(double step, double walk) const
    {
        return { phase + step * frequency,
                 frequency,
                 pp + 2 * step * pf + step * step * ff + walk * step,
                 pf + step * ff,
                 ff };
    }

    // Correct the state by a phase measurement that differs by `innovation`.
    state corrected(double innovation, double variance) const
    {
        const double kp = pp / (pp + variance), kf = pf / (pp + variance);
        return { phase + kp * innovation,
                 frequency + kf * innovation,
                 (1 - kp) * pp,
                 (1 - kp) * pf,
                 ff - kf * pf };
    }
};

// The smoothed state at a group, from that at the next one.
state smoothed(const state& filtered,
               const state& predicted,
               const state& later,
               double step)
{
    // gain = P F^T predicted.P^-1, with F = [1 step; 0 1]
    const double a = filtered.pp + step * filtered.pf, b = filtered.pf;
    const double c = filtered.pf + step * filtered.ff, d = filtered.ff;
    const double determinant = predicted.pp * predicted.ff - predicted.pf * predicted.pf;
    if (!(determinant > 0))
        return filtered;
    const double g00 = (a * predicted.ff - b * predicted.pf) / determinant;
    const double g01 = (b * predicted.pp - a * predicted.pf) / determinant;
    const double g10 = (c * predicted.ff - d * predicted.pf) / determinant;
    const double g11 = (d * predicted.pp - c * predicted.pf) / determinant;
    const double phase = later.phase - predicted.phase;
    const double frequency = later.frequency - predicted.frequency;
    state s = filtered; // its covariance is not used
    s.phase += g00 * phase + g01 * frequency;
    s.frequency += g10 * phase + g11 * frequency;
    return s;
}

} // namespace

std::vector<known_group> groups_of(const std::vector<int>& index,
                                   const std::vector<sample>& reference,
                                   size_t count,
                                   const sample* y,
                                   int longest)
{
    std::vector<known_group> groups;
    int size = 0;
    for (size_t i = 0; i < count; ++i) {
        if (i == 0 || index[i] != index[i - 1] + 1 || size == longest) {
            groups.emplace_back();
            size = 0;
        }
        known_group& group = groups.back();
        const auto a = std::complex<double>(reference[i]);
        group.at += (index[i] - group.at) / ++size;
        group.product += std::complex<double>(y[index[i]]) * std::conj(a);
        group.energy += std::norm(a);
    }
    return groups;
}

phase_tracker::phase_tracker(const std::vector<known_group>& groups,
                             double snr,
                             double walk,
                             double frequency_deviation)
{
    std::vector<state> filtered, predicted;
    for (const known_group& group : groups) {
        const double variance = 1 / (2 * snr * group.energy);
        if (filtered.empty()) {
            const state first{ std::arg(group.product),
                               0,
                               variance,
                               0,
                               frequency_deviation * frequency_deviation };
            predicted.push_back(first);
            filtered.push_back(first);
        } else {
            const state now =
                filtered.back().ahead(group.at - groups[filtered.size() - 1].at, walk);
            const double innovation =
                std::arg(group.product * std::polar(1.0, -now.phase));
            predicted.push_back(now);
            filtered.push_back(now.corrected(innovation, variance));
        }
    }
    std::vector<state> final = filtered;
    for (size_t g = groups.size() - 1; g-- > 0;)
        final[g] = smoothed(
            filtered[g], predicted[g + 1], final[g + 1], groups[g + 1].at - groups[g].at);
    double along = 0, energy = 0;
    for (size_t g = 0; g < groups.size(); ++g) {
        d_at.push_back(groups[g].at);
        d_phase.push_back(final[g].phase);
        along += std::real(groups[g].product * std::polar(1.0, -final[g].phase));
        energy += groups[g].energy;
    }
    d_first_slope = final.front().frequency;
    d_last_slope = final.back().frequency;
    d_gain = std::max(along / energy, 1e-20);
}

double phase_tracker::phase(double index) const
{
    if (index <= d_at.front())
        return d_phase.front() + (index - d_at.front()) * d_first_slope;
    if (index >= d_at.back())
        return d_phase.back() + (index - d_at.back()) * d_last_slope;
    const size_t later =
        size_t(std::upper_bound(d_at.begin(), d_at.end(), index) - d_at.begin());
    const double share = (index - d_at[later - 1]) / (d_at[later] - d_at[later - 1]);
    return d_phase[later - 1] + share * (d_phase[later] - d_phase[later - 1]);
}

double phase_tracker::frequency() const
{
    if (d_at.size() < 2)
        return d_first_slope;
    return (d_phase.back() - d_phase.front()) / (d_at.back() - d_at.front());
}

void phase_tracker::correct(const sample* y, size_t count, sample* out) const
{
    // The phase is linear between groups; each piece begins with an exact value.
    size_t later = 0;
    for (size_t i = 0; i < count;) {
        while (later < d_at.size() && double(i) >= d_at[later])
            ++later;
        size_t end = count;
        if (later < d_at.size())
            end = std::min(count, size_t(std::ceil(d_at[later])));
        const double here = phase(double(i));
        const double step = phase(double(i) + 0.5) - here;
        std::complex<float> turning(std::polar(1 / d_gain, -here));
        const std::complex<float> turn(std::polar(1.0, -2 * step));
        for (; i < end; ++i) {
            out[i] = y[i] * turning;
            turning *= turn;
        }
    }
}

} // namespace gr::advphy
