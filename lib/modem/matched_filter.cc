// SPDX-License-Identifier: GPL-3.0-or-later
#include "modem/matched_filter.h"
#include "instruction_set.h"
#include <algorithm>
#include <cmath>

namespace gr::advphy {

matched_filter::matched_filter(const frame_layout& layout)
    : d_phases(size_t(layout.phases)),
      d_floats((2 * layout.taps() + row_padding - 1) / row_padding * row_padding),
      d_center(layout.center()), d_taps(d_phases * d_floats)
{
    const size_t taps = layout.taps();
    for (size_t p = 0; p < d_phases; ++p)
        for (size_t f = 0; f < 2 * taps; ++f)
            d_taps[p * d_floats + f] = layout.bank[p * taps + f / 2];
}

void matched_filter::symbols(
    const sample* samples, double first, double spacing, size_t count, sample* out)
{
    d_start.resize(count);
    d_row.resize(count);
    for (size_t i = 0; i < count; ++i) {
        const double at = first + double(i) * spacing - double(d_center);
        const auto steps = size_t(std::lround(at * double(d_phases)));
        d_start[i] = steps / d_phases;
        d_row[i] = d_taps.data() + steps % d_phases * d_floats;
    }
    kernels().modem.filter_symbols(
        samples, d_start.data(), d_row.data(), d_floats, count, out);
}

void turn_back(const sample* x, size_t count, double cycles, sample* out)
{
    constexpr size_t turns = 256; // between two exact values
    std::vector<sample> turning(std::min(turns, count));
    // Doubling: the first 2^k rotated by 2^k steps are the next 2^k.
    std::vector<std::complex<double>> exact(turns, 1.0);
    for (size_t known = 1; known < turns; known *= 2) {
        const auto further = std::polar(1.0, -2 * M_PI * cycles * double(known));
        for (size_t i = 0; i < known; ++i)
            exact[known + i] = exact[i] * further;
    }
    std::copy(exact.begin(), exact.begin() + long(turning.size()), turning.begin());
    for (size_t begin = 0; begin < count; begin += turns) {
        const auto base = std::polar(1.0, -2 * M_PI * cycles * double(begin));
        kernels().modem.turn(x + begin,
                             std::min(turns, count - begin),
                             turning.data(),
                             sample(base),
                             out + begin);
    }
}

} // namespace gr::advphy
