// SPDX-License-Identifier: GPL-3.0-or-later
// The phase over a burst from its known symbols: a Kalman filter over groups of them,
// forwards and backwards (Rauch, Tung, Striebel), for the state (phase, frequency) whose
// phase also walks at random by `walk` rad^2 a symbol.
//
// Cost: some 100 operations a group.
// Reference: a least-squares fit in lib/modem/qa_modem.cc, for walk = 0.
#pragma once
#include "modem/frame_layout.h"

namespace gr::advphy {

// Symbols next to each other, taken together.
struct known_group {
    double at = 0; // mean index of their symbols
    std::complex<double> product; // sum of y conj(reference)
    double energy = 0; // sum of |reference|^2
};

// Groups of up to `longest` known symbols that follow each other without a hole.
std::vector<known_group> groups_of(const std::vector<int>& index,
                                   const std::vector<sample>& reference,
                                   size_t count, // of them to take
                                   const sample* y, // of index 0
                                   int longest);

class phase_tracker
{
public:
    // snr: signal over noise power per symbol; frequency_deviation: of the frequency
    // that is left, rad a symbol. Needs a group.
    phase_tracker(const std::vector<known_group>& groups,
                  double snr,
                  double walk,
                  double frequency_deviation);

    // Phase in rad at the symbol of an index, on a line between groups.
    double phase(double index) const;
    double frequency() const; // mean, rad a symbol
    // Real gain, by least squares.
    double gain() const { return d_gain; }

    // out[i] = y[i] exp(-j phase(i)) / gain
    void correct(const sample* y, size_t count, sample* out) const;

private:
    std::vector<double> d_at, d_phase;
    double d_first_slope, d_last_slope, d_gain;
};

} // namespace gr::advphy
