// SPDX-License-Identifier: GPL-3.0-or-later
// Subtraction of strong carriers, constant or slowly modulated in frequency: within a
// window of `length` samples each is
//     A exp(j (rate t + curvature t^2)),   rate in rad per sample,
// in all of the window or from or up to some sample. A is by least squares; the others
// begin with the spectra of the window and of products of samples (their frequency is
// the curvature), and are refined by regression of the phase. Windows of Hann's shape
// overlap by half, so that their sum is 1.
//
// Cost per sample: about 1000 operations per carrier. The synchronizer calls it where
// carriers are suspected, and for headers with a wrong CRC.
// Reference: the carriers that were added, lib/modem/qa_tone_canceller.cc.
#pragma once
#include "sample.h"
#include <complex>
#include <vector>

namespace gr::advphy {

class tone_canceller
{
public:
    // Symbols per window, a power of two; longer ones find weaker carriers.
    tone_canceller(size_t symbols, size_t samples_per_symbol);

    // Write samples without their carriers to `out`; return whether there were any.
    // Noise and data practically never contain a line as large as a carrier must be.
    bool clean(const sample* x, size_t count, std::vector<sample>& out);

private:
    using complex = std::complex<double>;
    struct carrier {
        complex amplitude;
        double rate, curvature; // t = 0 in the middle of the window
        size_t from, to; // samples of the window
        double share = 0; // of the window's energy
    };

    carrier strongest();
    carrier from_spectrum(double curvature);
    void refine(carrier& c) const;
    void shorten(carrier& c) const;
    void transform();
    template <class Function> void along(const carrier& c, Function each) const;

    const double d_sure;
    size_t d_lag, d_length;
    double d_energy = 0; // of the weighted window
    std::vector<double> d_weight;
    std::vector<complex> d_window, d_spectrum, d_turns;
};

// Whether samples may hold a carrier: a cheap test, before tone_canceller::clean. Symbols
// that differ and noise do not agree with what comes whole symbols later, in samples of
// `symbol` each; a carrier does.
bool may_hold_carrier(const sample* x, size_t count, size_t symbol);

} // namespace gr::advphy
