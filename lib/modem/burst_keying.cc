// SPDX-License-Identifier: GPL-3.0-or-later
// burst_synchronizer: headers, keyed bursts, and bursts under carriers.
#include "modem/burst_synchronizer.h"
#include <array>
#include <cmath>

namespace gr::advphy {

// Correlation of a keyed header's symbols with the most likely contents, above which a
// wrong tag is no error of reception: that of right symbols at 1.1 dB.
constexpr double surely_read = 0.75;

constexpr double worth_cleaning = 1.25; // ratio of SNRs
constexpr double good_enough = 4; // SNR of 5 dB: a carrier is weaker than the burst

void burst_synchronizer::expect(const std::vector<std::string>& names, double until)
{
    d_until = until;
    d_expected.clear();
    for (const std::string& name : names)
        d_expected.emplace_back(name, d_layout.pilots.size());
}

// Take the symbols of an expected burst for those of the layout.
void burst_synchronizer::adopt(size_t found)
{
    d_keyed = d_expected[found];
    const auto chips = d_keyed->chips.begin();
    d_layout.preamble.assign(chips, chips + long(d_layout.preamble.size()));
    d_layout.pilots = d_keyed->pilots;
    for (const bool with_header : { false, true })
        d_known[with_header] = known_symbols(d_layout, with_header);
}

// Whether the tag of a keyed burst, or the CRC of another, is right.
bool burst_synchronizer::valid(const burst_header& header) const
{
    return d_keyed ? d_keyed->valid(header) : header.valid();
}

// Whether the received symbols are surely those of a header.
bool burst_synchronizer::agrees(const burst_header& header)
{
    set_header(header);
    double along = 0, energy = 0;
    for (const size_t i : d_known[1].header_in) {
        const sample y = d_straight[size_t(d_known[1].index[i])];
        along += std::real(y * std::conj(d_known[1].values[i]));
        energy += std::norm(y);
    }
    return along > surely_read * std::sqrt(energy * double(header_symbols));
}

burst_header burst_synchronizer::header_under(const phase_tracker& tracked)
{
    straighten(tracked, d_y.size());
    std::array<sample, header_symbols> symbols;
    for (size_t i = 0; i < symbols.size(); ++i)
        symbols[i] = d_straight[size_t(index(d_layout.header_at[i]))];
    if (!d_keyed)
        return decode_header(symbols.data());
    d_keyed->mask(symbols.data());
    return decode_header(symbols.data(),
                         [this](const burst_header& found) { return valid(found); });
}

// Return whether a burst is of this layout and link. One without a hash is of the link of
// the last one that had a hash.
bool burst_synchronizer::own(const burst_header& header)
{
    const std::string& expected = d_settings.expected_hash;
    if (header.has_hash())
        d_own = expected.empty() || expected == header.model_hash();
    const int version = header.version();
    return (version == d_layout.version || version == nonce_version) && d_own;
}

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
