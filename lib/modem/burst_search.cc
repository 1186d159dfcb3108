// SPDX-License-Identifier: GPL-3.0-or-later
#include "modem/burst_search.h"
#include "instruction_set.h"
#include <cmath>

namespace gr::advphy {

namespace {

constexpr size_t positions_at_once = 512; // a multiple of 64: whole groups of vectors
constexpr size_t over_read = 4 * row_padding;

} // namespace

burst_search::burst_search(const frame_layout& layout)
{
    d_view.preamble = layout.preamble.data();
    d_view.chips = layout.preamble.size();
    d_view.segment = size_t(layout.segment);
    d_view.pulse = layout.bank.data();
    d_view.taps = layout.taps();
    // The longest stride that divides a symbol and leaves at least two values of it.
    const auto samples_per_symbol = size_t(layout.samples_per_symbol);
    d_view.stride = samples_per_symbol / 2;
    while (samples_per_symbol % d_view.stride)
        --d_view.stride;
    d_view.step = samples_per_symbol / d_view.stride;
    d_view.positions = positions_at_once;
    d_view.filtered = positions_at_once + (d_view.chips - 1) * d_view.step;
    // For a preamble of amplitude 1, c_k = segment, so the sum of products is
    // segment^2 (segments - 1), and the energy is the number of chips.
    const float segment = float(d_view.segment), chips = float(d_view.chips);
    d_view.scale = segment * (chips - segment) / chips;

    d_view.length = d_view.filtered + d_view.taps / d_view.stride + 1 + over_read;
    d_work.resize(2 * d_view.stride * d_view.length + 3 * (d_view.filtered + over_read));
    for (auto* values : { &d_metric, &d_product_re, &d_product_im })
        values->resize(d_view.positions);
    d_view.dealt = d_work.data();
    d_view.re = d_view.dealt + 2 * d_view.stride * d_view.length;
    d_view.im = d_view.re + d_view.filtered + over_read;
    d_view.energy = d_view.im + d_view.filtered + over_read;
    d_view.metric = d_metric.data();
    d_view.product_re = d_product_re.data();
    d_view.product_im = d_product_im.data();
}

void burst_search::run(const sample* samples, const std::vector<keyed_symbols>& bursts)
{
    if (!bursts.empty())
        d_view.preamble = bursts[0].chips.data();
    kernels().modem.search(d_view, samples);
    d_which.assign(d_view.positions, 0);
    d_other.resize(3 * d_view.positions);
    search_view other = d_view;
    other.metric = d_other.data();
    other.product_re = &d_other[d_view.positions];
    other.product_im = &d_other[2 * d_view.positions];
    for (size_t b = 1; b < bursts.size(); ++b) {
        other.preamble = bursts[b].chips.data();
        kernels().modem.correlate(other);
        for (size_t q = 0; q < d_view.positions; ++q)
            if (other.metric[q] > d_metric[q]) {
                d_metric[q] = other.metric[q];
                d_product_re[q] = other.product_re[q];
                d_product_im[q] = other.product_im[q];
                d_which[q] = b;
            }
    }
}

double burst_search::frequency(size_t position) const
{
    return std::atan2(d_product_im[position], d_product_re[position]) /
           (2 * M_PI * double(d_view.segment));
}

} // namespace gr::advphy
