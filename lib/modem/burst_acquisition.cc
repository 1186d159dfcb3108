// SPDX-License-Identifier: GPL-3.0-or-later
// burst_synchronizer: measurements from known symbols.
#include "modem/burst_synchronizer.h"
#include <algorithm>
#include <cmath>
#include <tuple>

namespace gr::advphy {

namespace {

// Drift of the timing over a burst, in symbols, that costs something (0.05 dB).
constexpr double worth_measuring = 0.04;
constexpr size_t most_pilots = 16; // last ones, which detect a loss
constexpr int first_part = 2600; // symbols, in which 200 ppm are half a symbol

// The vertex of the parabola through (-1, before), (0, here), (1, after), within +-1.
double vertex(double before, double here, double after)
{
    const double curvature = before - 2 * here + after;
    if (!(curvature < 0))
        return before > after ? -1 : 1;
    return std::clamp((before - after) / (2 * curvature), -1.0, 1.0);
}

// |sum over i of chip_i y_i exp(-2 pi j cycles i)|^2
double periodogram(const std::vector<float>& chips, const sample* y, double cycles)
{
    std::complex<double> sum = 0;
    const auto step = std::polar(1.0, -2 * M_PI * cycles);
    std::complex<double> turning = 1;
    for (size_t i = 0; i < chips.size(); ++i) {
        sum += double(chips[i]) * std::complex<double>(y[i]) * turning;
        turning *= step;
    }
    return std::norm(sum);
}

} // namespace

// Offset from the assumed position at which the preamble's correlation is largest, by a
// parabola over +-width.
double burst_synchronizer::peak(double width)
{
    double power[3];
    std::vector<sample> y(d_layout.preamble.size());
    for (int side = -1; side <= 1; ++side) {
        d_filter.symbols(d_turned.data(),
                         first_instant() + side * width,
                         d_layout.samples_per_symbol,
                         y.size(),
                         y.data());
        power[side + 1] = periodogram(d_layout.preamble, y.data(), 0);
    }
    return width * vertex(power[0], power[1], power[2]);
}

// Estimate frequency and position, then both again with finer steps.
void burst_synchronizer::acquire()
{
    const int chips = int(d_layout.preamble.size());
    // The error of the search is at most a quarter of the null-to-null width.
    const double width = 0.25 / chips;
    for (int round = 0; round < 2; ++round) {
        turn_burst(chips, d_layout.samples_per_symbol);
        filter_burst(chips - 1, d_layout.samples_per_symbol);
        double best = 0, highest = 0;
        const int reach = round == 0 ? 4 : 1;
        for (int f = -reach; f <= reach; ++f) {
            const double power = periodogram(d_layout.preamble, d_y.data(), f * width);
            if (power > highest) {
                highest = power;
                best = f * width;
            }
        }
        best += width * vertex(periodogram(d_layout.preamble, d_y.data(), best - width),
                               highest,
                               periodogram(d_layout.preamble, d_y.data(), best + width));
        d_candidate.frequency += best / d_layout.samples_per_symbol;
        turn_burst(chips, d_layout.samples_per_symbol);
        d_candidate.at += peak(d_layout.samples_per_symbol / (round == 0 ? 4.0 : 8.0));
    }
}

// Compare a burst with those before it; the clock does not follow a suspicious one.
void burst_synchronizer::compare(const phase_tracker& tracked)
{
    const burst_header& header = d_candidate.header;
    const int samples_per_symbol = d_layout.samples_per_symbol;
    d_candidate.suspicious = d_expectation.note(
        { position(),
          double(d_layout.symbols[size_t(header.codewords())] * samples_per_symbol),
          d_candidate.frequency * samples_per_symbol,
          tracked.gain(),
          header.number() },
        d_clock.offset());
    if (d_candidate.suspicious.empty())
        d_clock.note(
            position(), header.number(), header.codewords() == d_layout.codewords);
}

// By how much symbols are farther apart than `spacing`, relative to it. The energy of the
// matched filter's output has a line at the symbol rate whatever the constellation,
//     E|y(t)|^2 = energy (1 - r/4 + r/4 cos(2 pi t)),   t in symbols, r the roll-off,
// so energy a quarter of a symbol late less that early shows the timing [mengali, ch. 8].
double burst_synchronizer::stretch(int last, double spacing, double energy)
{
    const auto count = size_t(last + 1);
    const double quarter = d_layout.samples_per_symbol / 4.0;
    std::vector<sample> early(count), late(count);
    d_filter.symbols(
        d_turned.data(), first_instant() - quarter, spacing, count, early.data());
    d_filter.symbols(
        d_turned.data(), first_instant() + quarter, spacing, count, late.data());
    double sum = 0, spread = 0;
    for (size_t i = 0; i < count; ++i) {
        const double from_middle = double(i) - last / 2.0;
        sum += from_middle * double(std::norm(late[i]) - std::norm(early[i]));
        spread += from_middle * from_middle;
    }
    return sum / (spread * M_PI * d_layout.rolloff * energy);
}

// Measure the clock's offset within a burst where that tells more than the bursts before
// it; return whether it does. A suspicious burst is measured, but not followed.
bool burst_synchronizer::follow_clock(const phase_tracker& tracked,
                                      received_burst& burst,
                                      int last)
{
    const double noise = 1 / snr_of(tracked, int(d_layout.preamble.size()) - 1);
    // Fitted to simulations of 1150 and 2300 symbols at 3 and 10 dB, roll-off 0.35.
    const double variance = (3 * noise + 5 * noise * noise) * 0.35 / d_layout.rolloff /
                            std::pow(double(last + 1), 3);
    const double known = d_clock.deviation();
    if (known * last < worth_measuring || variance > known * known)
        return false;
    const double gain = tracked.gain();
    double measured = burst.clock;
    // The timing may drift by a symbol, so a part of the burst is measured first. Each
    // part twice: the first result is too small by sin(x) / x.
    int part = first_part / 2;
    do {
        part = std::min(last, 2 * part);
        for (int round = 0; round < 2; ++round)
            measured +=
                stretch(part, d_layout.samples_per_symbol * (1 + measured), gain * gain);
    } while (part < last);
    clock_tracker clock = d_clock;
    clock.note(measured, variance);
    burst.clock = clock.offset();
    if (burst.suspicious.empty())
        d_clock = clock;
    return true;
}

// Preamble and pilots, and optionally the symbols of the header.
known_symbols::known_symbols(const frame_layout& layout, bool with_header)
{
    std::vector<std::tuple<int, sample, bool>> all; // index, value, of the header
    for (size_t i = 0; i < layout.preamble.size(); ++i)
        all.emplace_back(int(i), layout.preamble[i], false);
    for (size_t i = 0; i < layout.pilot_at.size(); ++i)
        all.emplace_back(
            layout.pilot_at[i] - layout.preamble_at, layout.pilots[i], false);
    for (size_t i = 0; with_header && i < layout.header_at.size(); ++i)
        all.emplace_back(layout.header_at[i] - layout.preamble_at, 0, true);
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
        return std::get<int>(a) < std::get<int>(b);
    });
    for (const auto& [at, value, of_header] : all) {
        if (of_header)
            header_in.push_back(index.size());
        index.push_back(at);
        values.push_back(value);
    }
}

size_t known_symbols::up_to(int last) const
{
    return size_t(std::upper_bound(index.begin(), index.end(), last) - index.begin());
}

phase_tracker
burst_synchronizer::track(const known_symbols& known, int last, double deviation)
{
    const auto groups = groups_of(
        known.index, known.values, known.up_to(last), d_y.data(), d_layout.segment);
    // Track twice: the first result gives the SNR that weights the measurements.
    const phase_tracker rough(groups, 1.0, d_settings.phase_walk, deviation);
    const double snr = snr_of(rough, int(d_layout.preamble.size()) - 1);
    return { groups, snr, d_settings.phase_walk, deviation };
}

// Fill d_straight with `count` symbols of d_y, corrected in phase and gain.
void burst_synchronizer::straighten(const phase_tracker& tracked, size_t count)
{
    d_straight.resize(count);
    tracked.correct(d_y.data(), count, d_straight.data());
}

// Correlation of the last pilots with their known values: 1 if they are in the right
// place, close to 0 for noise if there are several groups of them. Sets `pilots` to the
// number of pilots used, those after the header; without any the result is 1.
double burst_synchronizer::pilots_arrived(int last, size_t& pilots) const
{
    const known_symbols& known = d_known[1];
    const size_t end = known.up_to(last);
    const size_t header_end = known.up_to(index(d_layout.header_at.back()));
    pilots = std::min(end - header_end, most_pilots);
    double sum = 0;
    for (size_t i = end - pilots; i < end; ++i)
        sum += std::real(d_straight[size_t(known.index[i])] * std::conj(known.values[i]));
    return pilots == 0 ? 1 : sum / double(pilots);
}

// SNR from the known symbols up to the last one. Fills d_straight.
double burst_synchronizer::snr_of(const phase_tracker& tracked, int last)
{
    straighten(tracked, size_t(last + 1));
    const known_symbols& known = d_known[1];
    const size_t count = last < index(d_layout.header_at[0]) ? d_layout.preamble.size()
                                                             : known.up_to(last);
    double noise = 0;
    for (size_t i = 0; i < count; ++i)
        noise += std::norm(d_straight[size_t(known.index[i])] - known.values[i]);
    return double(count) / std::max(noise, 1e-9);
}

} // namespace gr::advphy
