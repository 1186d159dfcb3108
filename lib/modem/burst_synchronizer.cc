// SPDX-License-Identifier: GPL-3.0-or-later
#include "modem/burst_synchronizer.h"
#include "modem/echo_equalizer.h"
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace gr::advphy {

namespace {

constexpr float largest = 1e6f; // a larger sample is an error
constexpr int look_ahead = 64; // symbols after a crossing that may contain the peak
constexpr int after_false_alarm = 8; // symbols
constexpr int header_rounds = 2; // of decoding again
constexpr size_t enough_pilots = 8; // for a reliable decision about a loss
// Of the position of a preamble, in symbols, at 0 dB: [mengali, ch. 7].
constexpr double position_deviation = 0.02;

} // namespace

burst_synchronizer::burst_synchronizer(frame_layout layout,
                                       synchronizer_settings settings)
    : d_layout(std::move(layout)), d_settings(std::move(settings)), d_search(d_layout),
      d_filter(d_layout),
      d_clock(double(d_layout.symbols.back() * d_layout.samples_per_symbol),
              position_deviation * d_layout.samples_per_symbol),
      d_expectation(double(d_layout.symbols.back() * d_layout.samples_per_symbol),
                    d_layout.samples_per_symbol),
      d_next(&burst_synchronizer::search),
      d_tones{ { 256, size_t(d_layout.samples_per_symbol) },
               { 64, size_t(d_layout.samples_per_symbol) } },
      d_known{ known_symbols(d_layout, false), known_symbols(d_layout, true) }
{
    // Zeros in front, in case the first preamble begins immediately.
    d_filled = d_from = size_t(4 * d_layout.samples_per_symbol);
    d_first = -double(d_filled);
    d_samples.resize(d_filled + d_filter.reach());
}

void burst_synchronizer::push(const sample* from, size_t count)
{
    d_samples.resize(d_filled + count + d_filter.reach());
    for (size_t i = 0; i < count; ++i) {
        const sample x = from[i];
        const bool good = std::abs(x.real()) < largest && std::abs(x.imag()) < largest;
        d_samples[d_filled + i] = good ? x : sample(0);
        not_finite += !good;
    }
    d_filled += count;
    samples += count;
    std::fill(d_samples.begin() + long(d_filled), d_samples.end(), sample(0));
    while (!(d_keyed && !bursts.empty()) && (this->*d_next)()) {
    }
    const double passed = double(d_from) - 4 * d_layout.samples_per_symbol;
    if (2 * passed < double(d_samples.size())) // move rarely, because it copies
        return;
    const auto gone = std::min(size_t(passed), d_filled);
    d_samples.erase(d_samples.begin(), d_samples.begin() + long(gone));
    d_filled -= gone;
    d_from -= gone;
    d_first += double(gone);
}

// Each of the three steps returns true if the samples may allow another step.

// Compute the metric; return the first position at which it is above the threshold.
size_t burst_synchronizer::scan(const sample* samples)
{
    d_search.run(samples, d_expected);
    const auto& metric = d_search.metric();
    const auto bar = float(d_settings.threshold * d_settings.threshold);
    const auto crossing = std::find_if(
        metric.begin(), metric.end(), [bar](float value) { return value > bar; });
    return size_t(crossing - metric.begin());
}

bool burst_synchronizer::search()
{
    if (d_from + d_search.samples() > d_filled || searched() >= d_until)
        return false;
    const sample* here = d_samples.data() + d_from;
    size_t position = scan(here);
    const auto& metric = d_search.metric();
    d_candidate.cleaned = 0;
    if (position == metric.size() && suspicious(here, d_search.samples()))
        for (int by : { 1, 2 })
            if (position == metric.size() &&
                d_tones[by - 1].clean(here, d_search.samples(), d_clean)) {
                position = scan(d_clean.data());
                d_candidate.cleaned = by;
            }
    const size_t ahead = look_ahead * d_search.step();
    if (position == metric.size() || (position > 0 && position + ahead > metric.size())) {
        d_from += position * d_search.stride(); // continue with the rest from there
        return true;
    }
    const auto crossing = metric.begin() + long(position);
    const auto highest = std::max_element(
        crossing, crossing + long(std::min(ahead, metric.size() - position)));
    const auto best = size_t(highest - metric.begin());
    d_from += best * d_search.stride();
    d_candidate.at = 0;
    d_candidate.frequency = d_search.frequency(best) / d_layout.samples_per_symbol;
    ++preambles;
    if (!d_expected.empty())
        adopt(d_search.which(best));
    d_next = &burst_synchronizer::read_header;
    return true;
}

// Fill d_turned with the samples from the preamble's first pulse to that of a symbol,
// with the frequency offset removed; symbols are `spacing` samples apart.
void burst_synchronizer::turn_burst(int symbols, double spacing)
{
    const size_t count = size_t(std::ceil(symbols * spacing)) +
                         size_t((d_layout.span + 2) * d_layout.samples_per_symbol) +
                         d_filter.reach();
    const auto begin = d_from - size_t(d_layout.samples_per_symbol);
    const bool clean = d_candidate.cleaned > 0;
    const sample* from = clean ? d_clean.data() : d_samples.data() + begin;
    const size_t there = clean ? d_clean.size() : d_samples.size() - begin;
    d_turned.assign(count, 0);
    turn_back(from, std::min(count, there), d_candidate.frequency, d_turned.data());
}

// Fill d_y with the symbols 0..last, counted from the preamble.
void burst_synchronizer::filter_burst(int last, double spacing)
{
    d_y.resize(size_t(last + 1));
    d_filter.symbols(d_turned.data(), first_instant(), spacing, d_y.size(), d_y.data());
}

bool burst_synchronizer::read_header()
{
    const int last = index(d_layout.header_at.back());
    const double end = instant() +
                       double((last + tail_symbols) * d_layout.samples_per_symbol) +
                       double(d_filter.center());
    if (end > double(d_filled))
        return false;
    d_end = size_t(end);
    const candidate found = d_candidate;
    clean(found.cleaned);
    phase_tracker tracked = find_header(last);
    for (int by = found.cleaned + 1; by <= 2 && !valid(d_candidate.header); ++by) {
        candidate again = found;
        std::swap(d_candidate, again);
        if (clean(by))
            tracked = find_header(last);
        else
            d_candidate = again;
    }
    const burst_header& header = d_candidate.header;
    if (!valid(header) || header.codewords() > d_layout.codewords) {
        ++(d_keyed && agrees(header) ? forged : bad_headers);
        d_from += size_t(after_false_alarm * d_layout.samples_per_symbol);
        d_next = &burst_synchronizer::search;
        return true;
    }
    d_candidate.frequency +=
        tracked.frequency() / (2 * M_PI * d_layout.samples_per_symbol);
    d_candidate.suspicious.clear();
    d_candidate.own = own(header);
    if (d_candidate.own)
        compare(tracked);
    d_next = &burst_synchronizer::read_payload;
    return true;
}

// Acquire the burst and decode its header, d_candidate.header.
phase_tracker burst_synchronizer::find_header(int last)
{
    acquire();
    turn_burst(last, d_layout.samples_per_symbol);
    filter_burst(last, d_layout.samples_per_symbol);
    // The preamble leaves an error of 1e-3 rad per symbol; the header's pilots find it.
    phase_tracker tracked = track(d_known[0], last, 3e-3);
    burst_header header = header_under(tracked);
    for (int again = 0; again < header_rounds && !valid(header); ++again) {
        // Most decisions are right and give a better phase than the pilots.
        set_header(header);
        tracked = track(d_known[1], last, 3e-3);
        header = header_under(tracked);
    }
    d_candidate.header = header;
    return tracked;
}

bool burst_synchronizer::read_payload()
{
    const burst_header& header = d_candidate.header;
    const auto codewords = size_t(header.codewords());
    // The last symbol before the ramp; ramp and half a gap are as long as at the start.
    const int last = index(d_layout.symbols[codewords] - d_layout.preamble_at) - 1;
    const double spacing = d_layout.samples_per_symbol * (1 + d_clock.offset());
    const double end =
        instant() + double(last + tail_symbols) * spacing + double(d_filter.center());
    if (d_candidate.own && end > double(d_filled))
        return false;
    d_end = size_t(end);
    d_next = &burst_synchronizer::search;
    received_burst burst{};
    burst.header = header;
    burst.first_codeword = this->codewords.size() / size_t(d_layout.n);
    burst.intact = true;
    burst.suspicious = d_candidate.suspicious;
    if (d_candidate.own)
        receive(burst, last, spacing);
    else
        d_from = size_t(instant());
    bursts.push_back(burst);
    return true;
}

// Fill in the measurements of a burst and append its codewords.
void burst_synchronizer::receive(received_burst& burst, int last, double spacing)
{
    set_header(burst.header);
    // Keep the middle of the preamble where it was found.
    const double middle = double(d_layout.preamble.size() - 1) / 2;
    d_candidate.at += middle * (d_layout.samples_per_symbol - spacing);
    phase_tracker tracked = choose_samples(last, spacing);
    burst.cleaned = d_candidate.cleaned > 0;
    burst.clock = d_clock.offset();
    if (follow_clock(tracked, burst, last)) {
        const double own = d_layout.samples_per_symbol * (1 + burst.clock);
        d_candidate.at += middle * (spacing - own);
        filter_burst(last, spacing = own);
        tracked = track(d_known[1], last, 1e-3);
    }
    burst.gain = tracked.gain();
    if (d_settings.equalize && undo_echoes(tracked)) {
        burst.equalized = true;
        tracked = track(d_known[1], last, 1e-3);
        burst.gain *= tracked.gain(); // of symbols that are already scaled
    }
    burst.at = position();
    burst.snr = snr_of(tracked, last);
    burst.frequency = d_candidate.frequency;
    // If samples were lost, the next burst may begin inside this one.
    size_t pilots = 0;
    const double arrived = pilots_arrived(last, pilots);
    burst.intact = arrived > 0.5;
    const bool sure = arrived > 0.7 && pilots >= enough_pilots;
    const auto payload = size_t(burst.header.codewords() * d_layout.n);
    for (size_t i = 0; i < payload; ++i) // snr_of has filled d_straight
        codewords.push_back(d_layout.scale *
                            d_straight[size_t(index(d_layout.payload_at[i]))]);
    const int resume = sure ? last : index(d_layout.header_at.back());
    d_from += size_t(d_candidate.at + double(resume) * spacing);
}

// Equalize d_y if preamble and header show an echo; return whether they do.
bool burst_synchronizer::undo_echoes(const phase_tracker& tracked)
{
    straighten(tracked, d_y.size());
    const size_t known = d_known[1].up_to(index(d_layout.header_at.back()));
    const echo_equalizer equalizer(
        d_straight.data(), d_known[1].values.data(), int(known));
    if (equalizer.needed())
        equalizer.apply(d_straight.data(), d_straight.size(), d_y.data());
    return equalizer.needed();
}

void burst_synchronizer::set_header(const burst_header& header)
{
    std::array<sample, header_symbols> symbols;
    encode_header(header, symbols.data());
    if (d_keyed)
        d_keyed->mask(symbols.data());
    for (size_t i = 0; i < symbols.size(); ++i)
        d_known[1].values[d_known[1].header_in[i]] = symbols[i];
}

} // namespace gr::advphy
