// SPDX-License-Identifier: GPL-3.0-or-later
// Find preambles: matched filter, correlation of each segment of the preamble, products
// of neighboring segments. The products do not mind a frequency offset, and their
// phase tells it; the energy below the preamble makes the metric a number of 0..1,
// whatever the gain:
//     metric = |sum over k of c_k conj(c_(k-1))|^2 / (scale energy)^2
// Without noise it is 1; at an SNR of g per symbol about (g / (g + 1))^2; of noise alone
// its root is about 0.03.
//
// Cost per filtered value (2 or more a symbol): taps real multiply-adds of complex
// samples, 128 additions, 15 complex products.
// Reference: the definition in double precision in lib/modem/qa_modem.cc.
#pragma once
#include "modem/frame_layout.h"
#include "modem/modem_kernels.h"

namespace gr::advphy {

class burst_search
{
public:
    // The layout must outlive the search.
    explicit burst_search(const frame_layout& layout);

    // Samples that one call of run() reads, and positions that it looks at, this many
    // samples apart. Position 0 is a preamble whose first pulse begins at sample 0.
    size_t samples() const { return d_length * d_view.stride; }
    size_t positions() const { return d_view.positions; }
    size_t stride() const { return d_view.stride; }
    size_t step() const { return d_view.step; } // positions a symbol

    void run(const sample* samples);

    const std::vector<float>& metric() const { return d_metric; }
    // Frequency offset at a position, cycles per symbol.
    double frequency(size_t position) const;

private:
    search_view d_view; // points into the layout
    size_t d_length;
    std::vector<float> d_work, d_metric, d_product_re, d_product_im;
};

} // namespace gr::advphy
