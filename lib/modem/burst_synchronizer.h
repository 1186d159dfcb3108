// SPDX-License-Identifier: GPL-3.0-or-later
// Burst synchronizer, from samples to aligned codewords: search, acquisition, header,
// tracking, equalizer.
//
// The output does not depend on how the samples are divided into calls. A sample that is
// not finite, or larger than 10^6, is replaced by 0.
//
// Cost per sample at 4 samples per symbol: half of the cost per value of burst_search.h
// during the search; two rotations, three matched filters and the tracking of a burst.
// Reference: the codewords that were sent, tests/test_modem.py and test_modem_air.py.
#pragma once
#include "modem/burst_expectation.h"
#include "modem/burst_search.h"
#include "modem/clock_tracker.h"
#include "modem/header_code.h"
#include "modem/keyed_symbols.h"
#include "modem/matched_filter.h"
#include "modem/phase_tracker.h"
#include "modem/tone_canceller.h"
#include <limits>
#include <optional>
#include <string>

namespace gr::advphy {

struct synchronizer_settings {
    double threshold; // for the square root of the metric
    bool equalize;
    double phase_walk; // rad^2 per symbol
    std::string expected_hash; // 4 bytes, or empty: any model
    bool subtract_tones;
};

// Symbols known to the receiver, in order of their index.
struct known_symbols {
    known_symbols(const frame_layout& layout, bool with_header);
    size_t up_to(int last) const; // number of them up to a symbol, inclusive

    std::vector<int> index; // counted from the first symbol of the preamble
    std::vector<sample> values;
    std::vector<size_t> header_in; // indices of the header's symbols in `values`
};

struct received_burst {
    burst_header header;
    double at; // sample of its first preamble symbol in the stream
    double snr; // per symbol, linear
    double frequency; // cycles per sample
    double clock; // relative offset of the sample clock
    double gain; // amplitude of the preamble's symbols after the matched filter
    size_t first_codeword; // in the output
    bool equalized;
    bool intact; // the last pilots were in the right place
    std::string suspicious; // what departs from the bursts before it, or empty
    bool cleaned; // whether tones were subtracted
};

class burst_synchronizer
{
public:
    burst_synchronizer(frame_layout layout, synchronizer_settings settings);
    burst_synchronizer(const burst_synchronizer&) = delete;

    void push(const sample* samples, size_t count);

    // Search for these keyed bursts from now on, at least one, instead of plain bursts.
    // Then push() ends with each burst, and where the search reaches sample `until`; call
    // it again without samples to continue.
    void expect(const std::vector<std::string>& names, double until);
    double searched() const { return d_first + double(d_from); }
    const std::string& name() const { return d_keyed.value().name; } // of the last burst

    // Received since they were last cleared: bursts, and n symbols per codeword.
    std::vector<received_burst> bursts;
    std::vector<sample> codewords;
    // Counters of the whole stream.
    size_t samples = 0, not_finite = 0, preambles = 0, bad_headers = 0, forged = 0;

private:
    struct candidate {
        double at; // first symbol, relative to where the search found it
        double frequency; // cycles per sample
        burst_header header;
        std::string suspicious;
        bool own; // of this layout and link; other bursts are reported by the caller
        int cleaned; // by which of d_tones the samples in d_clean are; 0: not at all
    };

    bool search();
    size_t scan(const sample* samples);
    bool read_header();
    phase_tracker find_header(int last);
    bool suspicious(const sample* from, size_t count) const;
    std::pair<const sample*, size_t> around() const;
    bool clean(int by);
    phase_tracker choose_samples(int last, double spacing);
    void compare(const phase_tracker& tracked);
    burst_header header_under(const phase_tracker& tracked);
    bool read_payload();
    void acquire();
    double peak(double width);
    double stretch(int last, double spacing, double energy);
    bool follow_clock(const phase_tracker& tracked, received_burst& burst, int last);
    void turn_burst(int symbols, double spacing);
    void filter_burst(int last, double spacing);
    phase_tracker track(const known_symbols& known, int last, double deviation);
    double snr_of(const phase_tracker& tracked, int last);
    void receive(received_burst& burst, int last, double spacing);
    bool undo_echoes(const phase_tracker& tracked);
    void straighten(const phase_tracker& tracked, size_t count);
    double pilots_arrived(int last, size_t& pilots) const;
    void set_header(const burst_header& header);
    bool valid(const burst_header& header) const;
    bool own(const burst_header& header);
    bool agrees(const burst_header& header);
    void adopt(size_t found);
    // Position of the preamble's first symbol: in d_samples; in the stream (whole numbers
    // are added first, so that the sum does not depend on d_first); in d_turned, which
    // begins one symbol earlier than the pulse.
    double instant() const { return double(d_from + d_filter.center()) + d_candidate.at; }
    double position() const
    {
        return d_first + double(d_from + d_filter.center()) + d_candidate.at;
    }
    double first_instant() const
    {
        return double(d_filter.center()) + d_layout.samples_per_symbol + d_candidate.at;
    }
    int index(int symbol) const { return symbol - d_layout.preamble_at; }

    frame_layout d_layout;
    const synchronizer_settings d_settings;
    burst_search d_search;
    matched_filter d_filter;
    clock_tracker d_clock;
    burst_expectation d_expectation;
    std::vector<sample> d_samples; // followed by zeros that may be read
    size_t d_filled; // samples in d_samples
    double d_first; // position of d_samples[0] in the stream
    size_t d_from; // index in d_samples at which the search continues
    size_t d_end = 0; // of the samples that a step has waited for
    bool (burst_synchronizer::*d_next)();
    candidate d_candidate{};
    bool d_own = true; // the last burst that had a hash, or no such burst yet
    tone_canceller d_tones[2]; // the first for what changes slowly
    std::vector<sample> d_clean; // a burst's samples without tones
    std::vector<sample> d_turned, d_y, d_straight;
    known_symbols d_known[2]; // without and with the header
    std::vector<keyed_symbols> d_expected; // bursts, or none: plain ones
    std::optional<keyed_symbols> d_keyed; // the burst that was found
    double d_until = std::numeric_limits<double>::infinity();
};

} // namespace gr::advphy
