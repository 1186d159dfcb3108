// SPDX-License-Identifier: GPL-3.0-or-later
// Offset of the sample clock, by a Kalman filter with one state: from the distances
// between preambles of bursts that were sent without a pause, and from single bursts.
//
// Cost: a few operations per burst.
// Reference: a known clock offset in tests/test_modem.py.
#pragma once
#include <cmath>
#include <cstdint>

namespace gr::advphy {

class clock_tracker
{
public:
    // burst_samples: length of a full burst. deviation: standard deviation of a
    // preamble's position, in samples.
    clock_tracker(double burst_samples, double deviation)
        : d_burst_samples(burst_samples), d_deviation(deviation)
    {
    }

    double offset() const { return d_offset; }
    double deviation() const { return std::sqrt(d_variance); }

    // Take a measurement of the offset within a burst.
    void note(double measured, double variance)
    {
        if (std::abs(measured) > most_offset)
            return;
        if (d_variance >= prior * prior) // nothing is known yet
            d_variance = wide * wide;
        correct(measured, variance);
    }

    // Take a preamble at a sample of the stream; `full`: whether its burst is full.
    void note(double at, uint32_t number, bool full)
    {
        const double bursts = double(number) - double(d_number);
        if (d_full && bursts >= 1 && bursts <= most_bursts) {
            const double expected = bursts * d_burst_samples;
            const double measured = (at - d_at) / expected - 1;
            if (std::abs(measured) < most_offset)
                correct(measured, 2 * d_deviation * d_deviation / (expected * expected));
        }
        d_at = at;
        d_number = number;
        d_full = full;
    }

private:
    static constexpr double most_bursts = 4;
    static constexpr double most_offset = 200e-6; // more means a pause or lost samples
    static constexpr double prior = 20e-6; // standard deviation of a usual crystal
    static constexpr double wide = 50e-6; // of a cheap one, if a burst shows it itself
    static constexpr double drift = 0.05e-6; // of the offset from burst to burst

    void correct(double measured, double variance)
    {
        d_variance += drift * drift;
        const double innovation = measured - d_offset;
        const double sum = d_variance + variance;
        if (innovation * innovation > 25 * sum) { // a lost sample, or a new start
            if (++d_refused < 3)
                return;
            d_variance = prior * prior;
        }
        d_refused = 0;
        const double share = d_variance / (d_variance + variance);
        d_offset += share * innovation;
        d_variance *= 1 - share;
    }

    double d_burst_samples, d_deviation;
    double d_offset = 0, d_variance = prior * prior;
    double d_at = 0;
    uint32_t d_number = 0;
    bool d_full = false;
    int d_refused = 0;
};

} // namespace gr::advphy
