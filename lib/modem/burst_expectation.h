// SPDX-License-Identifier: GPL-3.0-or-later
// What is expected of the next burst: its number, time, frequency and gain. A burst that
// departs is suspicious: a replay, a false preamble, another sender, or a real step. It
// is followed only when it is the third in a row that agrees with the one before it.
//
// The limits are physical. They exceed the deviations of the estimates, which are 0.02
// symbols, 1e-4 cycles per symbol and 0.5 dB at 0 dB, by a factor of ten or more.
//
// Cost: a few operations per burst.
// Reference: scripted steps in tests/test_suspicious_bursts.py.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>

namespace gr::advphy {

struct arrived_burst {
    double at; // sample of its first preamble symbol in the stream
    double samples; // its length
    double frequency; // cycles per symbol
    double gain; // amplitude
    uint32_t number;
    int on_time = 0; // bursts in a row without a pause before it
};

class burst_expectation
{
public:
    // burst_samples: length of a full burst.
    burst_expectation(double burst_samples, double samples_per_symbol)
        : d_burst_samples(burst_samples), d_samples_per_symbol(samples_per_symbol)
    {
    }

    // Take a burst; return "number", "time", "frequency" or "gain", whichever departs
    // first, or an empty text if it is followed. clock: relative offset of the clock.
    const char* note(arrived_burst now, double clock)
    {
        const bool any = d_followed.samples > 0;
        const char* why = any ? departure(d_followed, now, clock) : "";
        if (*why) {
            const bool agrees = d_others && !*departure(d_other, now, clock);
            d_others = agrees ? d_others + 1 : 1;
            d_other = now;
            if (d_others < enough)
                return why;
        }
        d_followed = now;
        d_others = 0;
        return "";
    }

private:
    static constexpr int enough = 3; // bursts in a row that show a new state
    static constexpr double most_lost = 64; // bursts, by lost samples
    static constexpr double most_clock = 200e-6; // change of the clock's offset
    static constexpr double most_delay = 1; // symbols: a stronger echo
    static constexpr double most_frequency = 2e-3; // cycles per symbol
    static constexpr double most_gain_db = 6;

    // Sets now.on_time.
    const char*
    departure(const arrived_burst& before, arrived_burst& now, double clock) const
    {
        const double rise = double(now.number) - double(before.number);
        const double elapsed = now.at - before.at;
        // Full bursts that fit into the time between the two.
        const double idle = (elapsed / (1 + clock) - before.samples) / d_burst_samples;
        const double off = idle - std::max(0.0, std::round(idle));
        const bool paused = std::abs(off) * d_burst_samples >
                            most_delay * d_samples_per_symbol + most_clock * elapsed;
        now.on_time = paused ? 0 : before.on_time + 1;
        if (rise < 1 || rise > elapsed / d_burst_samples + most_lost)
            return "number";
        if (paused && before.on_time >= enough)
            return "time";
        if (std::abs(now.frequency - before.frequency) > most_frequency)
            return "frequency";
        if (std::abs(20 * std::log10(now.gain / before.gain)) > most_gain_db)
            return "gain";
        return "";
    }

    double d_burst_samples, d_samples_per_symbol;
    arrived_burst d_followed{}, d_other{}; // d_other: the last suspicious one
    int d_others = 0; // suspicious bursts in a row that agree
};

} // namespace gr::advphy
