// SPDX-License-Identifier: GPL-3.0-or-later
// The phase over a burst from its known symbols, by a Kalman filter over groups of them,
// forwards and backwards (Rauch, Tung, Striebel). The state is (phase, frequency); the
// phase also has a random walk of `walk` rad^2 per symbol.
//
// Cost: about 100 operations per group.
// Reference: a least-squares fit in lib/modem/qa_modem.cc, for walk = 0.
#pragma once
#include "modem/frame_layout.h"

namespace gr::advphy {

// A group of adjacent symbols.
struct known_group {
    double at = 0; // mean index of their symbols
    std::complex<double> product; // sum of y conj(reference)
    double energy = 0; // sum of |reference|^2
};

// Groups of up to `longest` adjacent known symbols.
std::vector<known_group> groups_of(const std::vector<int>& index,
                                   const std::vector<sample>& reference,
                                   size_t count, // known symbols to use
                                   const sample* y, // symbols from index 0 on
                                   int longest);

class phase_tracker
{
public:
    // snr: signal over noise power per symbol; frequency_deviation: standard deviation of
    // the remaining frequency, rad per symbol. At least one group is required.
    phase_tracker(const std::vector<known_group>& groups,
                  double snr,
                  double walk,
                  double frequency_deviation);

    // Phase in rad at a symbol index, interpolated linearly between groups.
    double phase(double index) const;
    double frequency() const; // mean, rad per symbol
    // Real gain, by least squares.
    double gain() const { return d_gain; }

    // out[i] = y[i] exp(-j phase(i)) / gain
    void correct(const sample* y, size_t count, sample* out) const;

private:
    std::vector<double> d_at, d_phase;
    double d_first_slope, d_last_slope, d_gain;
};

} // namespace gr::advphy
