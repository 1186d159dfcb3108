// SPDX-License-Identifier: GPL-3.0-or-later
// Search for preambles: matched filter, correlation c_k with each segment k of the
// preamble, products of adjacent segments. The magnitude of the products does not depend
// on a frequency offset, and their phase gives it. Normalized by the energy, the metric
// is in 0..1 for any gain:
//     metric = |sum over k of c_k conj(c_(k-1))|^2 / (scale energy)^2
// It is 1 without noise and about (g / (g + 1))^2 at an SNR of g per symbol. Its square
// root is about 0.03 for noise alone.
//
// Cost per filtered value (2 or more per symbol): taps real multiply-adds of complex
// samples, 128 additions, 15 complex products.
// Reference: the definition in double precision in lib/modem/qa_modem.cc.
#pragma once
#include "modem/frame_layout.h"
#include "modem/keyed_symbols.h"
#include "modem/modem_kernels.h"

namespace gr::advphy {

class burst_search
{
public:
    // The layout must outlive the search.
    explicit burst_search(const frame_layout& layout);
    burst_search(const burst_search&) = delete; // d_view points into the vectors
    burst_search& operator=(const burst_search&) = delete;

    // Samples that a call of run() reads, positions that it tests, and samples from one
    // position to the next. At position 0 the first pulse begins at sample 0.
    size_t samples() const { return d_view.length * d_view.stride; }
    size_t positions() const { return d_view.positions; }
    size_t stride() const { return d_view.stride; }
    size_t step() const { return d_view.step; } // positions per symbol

    // Search for the preambles of bursts, or of the layout without any; the metric is the
    // highest of theirs.
    void run(const sample* samples, const std::vector<keyed_symbols>& bursts = {});
    // Index of the burst that has the metric at a position.
    size_t which(size_t position) const { return d_which[position]; }

    const std::vector<float>& metric() const { return d_metric; }
    // Frequency offset at a position, cycles per symbol.
    double frequency(size_t position) const;

private:
    search_view d_view; // points into the layout, too
    std::vector<float> d_work, d_metric, d_product_re, d_product_im, d_other;
    std::vector<size_t> d_which;
};

} // namespace gr::advphy
