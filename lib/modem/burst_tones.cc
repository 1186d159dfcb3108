// SPDX-License-Identifier: GPL-3.0-or-later
// burst_synchronizer: bursts under carriers.
#include "modem/burst_synchronizer.h"
#include <algorithm>
#include <cmath>

namespace gr::advphy {

namespace {

constexpr double worth_cleaning = 1.25; // ratio of SNRs
constexpr double good_enough = 4; // SNR of 5 dB: a carrier is weaker than the burst

} // namespace

bool burst_synchronizer::suspicious(const sample* from, size_t count) const
{
    return d_settings.subtract_tones &&
           may_hold_carrier(from, count, size_t(d_layout.samples_per_symbol));
}

// The samples of a burst from one symbol before the preamble's first pulse on, and their
// number: up to those that its step has waited for.
std::pair<const sample*, size_t> burst_synchronizer::around() const
{
    const size_t begin = d_from - size_t(d_layout.samples_per_symbol);
    return { d_samples.data() + begin, d_end - begin };
}

// Let turn_burst() take samples without tones, or (0) as they are; return whether there
// are tones.
bool burst_synchronizer::clean(int by)
{
    const auto [from, count] = around();
    const bool found = by > 0 && d_settings.subtract_tones &&
                       d_tones[by - 1].clean(from, count, d_clean);
    d_candidate.cleaned = found ? by : 0;
    return found;
}

// Fill d_y with the symbols of the samples as they are or without tones, whichever agrees
// better with the known symbols.
phase_tracker burst_synchronizer::choose_samples(int last, double spacing)
{
    const auto tracked = [this, last, spacing](int by) {
        clean(by);
        turn_burst(last, spacing);
        filter_burst(last, spacing);
        return track(d_known[1], last, 1e-3);
    };
    const phase_tracker plain = tracked(0);
    const auto [from, count] = around();
    if (!suspicious(from, count))
        return plain;
    double most = worth_cleaning * snr_of(plain, last); // not a number if nothing fits
    if (most > good_enough)
        return plain;
    int best = 0;
    for (int by : { 1, 2 }) {
        const double snr = snr_of(tracked(by), last);
        if (d_candidate.cleaned > 0 && (snr > most || std::isnan(most))) {
            most = snr;
            best = by;
        }
    }
    return tracked(best);
}

} // namespace gr::advphy
