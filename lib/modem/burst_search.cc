// SPDX-License-Identifier: GPL-3.0-or-later
#include "modem/burst_search.h"
#include "instruction_set.h"
#include "kernels.h"
#include <cmath>

namespace gr::advphy {

namespace {

constexpr size_t positions_at_once = 512; // a multiple of 64: whole groups of vectors
constexpr size_t over_read = 4 * row_padding;

// The longest step that leaves two filtered values a symbol, all at the same instants.
size_t stride_of(size_t samples_per_symbol)
{
    size_t stride = samples_per_symbol / 2;
    while (samples_per_symbol % stride)
        --stride;
    return stride;
}

} // namespace

burst_search::burst_search(const frame_layout& layout)
    : d_layout(layout), d_stride(stride_of(size_t(layout.samples_per_symbol))),
      d_step(size_t(layout.samples_per_symbol) / d_stride),
      d_positions(positions_at_once),
      d_filtered(d_positions + (layout.preamble.size() - 1) * d_step),
      d_length(d_filtered + layout.taps() / d_stride + 1 + over_read),
      d_work(2 * d_stride * d_length + 3 * (d_filtered + over_read)),
      d_metric(d_positions), d_product_re(d_positions), d_product_im(d_positions)
{
    // Of a preamble of amplitude 1: c_k = segment, so the sum of products is
    // segment^2 (segments - 1), and the energy is their number of chips.
    const float segment = float(layout.segment), chips = float(layout.preamble.size());
    d_scale = segment * (chips - segment) / chips;
}

void burst_search::run(const float* samples)
{
    search_view view;
    view.preamble = d_layout.preamble.data();
    view.chips = d_layout.preamble.size();
    view.segment = size_t(d_layout.segment);
    view.pulse = d_layout.bank.data();
    view.taps = d_layout.taps();
    view.stride = d_stride;
    view.step = d_step;
    view.positions = d_positions;
    view.filtered = d_filtered;
    view.scale = d_scale;
    kernels().search(view,
                     samples,
                     d_work.data(),
                     d_metric.data(),
                     d_product_re.data(),
                     d_product_im.data());
}

double burst_search::frequency(size_t position) const
{
    return std::atan2(d_product_im[position], d_product_re[position]) /
           (2 * M_PI * d_layout.segment);
}

} // namespace gr::advphy
