// SPDX-License-Identifier: GPL-3.0-or-later
// Kernels of the modem: see burst_search.h and matched_filter.h.
#pragma once
#include "sample.h"

namespace gr::advphy {

// A search for the preamble, with `step` filtered values per symbol.
struct search_view {
    const float* preamble; // [chips]
    size_t chips, segment; // segment divides chips, a power of two
    const float* pulse; // [taps]
    size_t taps;
    size_t stride; // samples from one filtered value to the next
    size_t step;
    size_t positions, filtered; // positions + (chips - 1) step
    float scale; // factor of the energy, so that the metric of a preamble is 1
    size_t length; // of the arrays of `dealt`
    float* dealt; // [stride][2][length]: samples, real and imaginary parts
    float *re, *im, *energy; // [filtered], followed by room for vectors
    float *metric, *product_re, *product_im; // [positions]: the results
};

struct modem_kernels {
    void (*search)(const search_view& s, const sample* samples);
    // The same for another preamble, with the values that search() has filtered.
    void (*correlate)(const search_view& s);
    // out[i] = sum of the samples from start[i] times taps[i], where each tap is
    // stored twice.
    void (*filter_symbols)(const sample* samples,
                           const size_t* start,
                           const float* const* taps,
                           size_t floats,
                           size_t count,
                           sample* out);
    // out = real and imaginary part of the sum of x[i + lag] conj(x[i]), and that of
    // |x[i]|^2, over count samples and up to row_padding more.
    void (*correlate_late)(const sample* x, size_t count, size_t lag, float* out);
    // out[i] = x[i] base turning[i]
    void (*turn)(
        const sample* x, size_t count, const sample* turning, sample base, sample* out);
    // out[i sps + phase] = scale times the sum over j of symbols[i - j] pulse[j sps +
    // phase]; returns the largest magnitude of a real or imaginary part. Cost per
    // symbol: taps multiply-adds of real and complex. Reference: the symbols after the
    // matched filter, tests/test_modem.py.
    float (*shape_pulses)(const sample* symbols,
                          size_t count,
                          const float* pulse,
                          size_t taps,
                          size_t samples_per_symbol,
                          float scale,
                          sample* out);
};

} // namespace gr::advphy
