// SPDX-License-Identifier: GPL-3.0-or-later
// Tests of impairments: phasors, products, interpolation; nothing is read or written
// outside.
#include "air/impairment.h"
#include "qa.h"
#include <cmath>

using namespace gr::advphy;

using samples = std::vector<sample>;

BOOST_AUTO_TEST_CASE(phasors_are_the_same_on_every_instruction_set)
{
    for (size_t count : { 0, 1, 255, 256, 300 }) {
        std::vector<uint32_t> turns(count);
        for (size_t i = 0; i < count; ++i)
            turns[i] = uint32_t(i * 2654435769u);
        samples first;
        on_each_instruction_set([&] {
            samples out(count);
            phasors(turns.data(), count, out.data());
            for (size_t i = 0; i < count; ++i)
                BOOST_TEST(std::abs(std::complex<double>(out[i]) -
                                    std::polar(1.0, 2 * M_PI * turns[i] * 0x1p-32)) <
                           3e-7);
            if (first.empty())
                first = out;
            BOOST_TEST((first == out));
        });
    }
}

BOOST_AUTO_TEST_CASE(a_product_may_be_written_over_its_factor)
{
    samples gains = { { 1, 2 }, { 0, -1 } }, x = { { 3, -1 }, { 5, 7 } };
    multiply(gains.data(), x.data(), x.size(), x.data());
    BOOST_TEST((x == samples{ { 5, 5 }, { 7, -5 } }));
}

BOOST_AUTO_TEST_CASE(taps_are_interpolated_between_fractions_of_a_sample)
{
    // Taps 0 and 1 are 1 - fraction and fraction, which is linear interpolation of x.
    std::vector<float> table((interpolator_phases + 1) * interpolator_taps);
    for (size_t p = 0; p <= interpolator_phases; ++p) {
        const float fraction = float(p) / interpolator_phases;
        table[p * interpolator_taps] = 1 - fraction;
        table[p * interpolator_taps + 1] = fraction;
    }
    samples x(interpolator_taps + 2); // exactly the samples that the last position needs
    for (size_t i = 0; i < x.size(); ++i)
        x[i] = { float(i), float(2 * i) };
    samples out(3);
    const auto step = uint64_t(1.0003 * 4294967296.0), start = step / 5;
    interpolate(table.data(), x.data(), start, step, out.size(), out.data());
    for (size_t i = 0; i < out.size(); ++i) {
        const double position = double(start + i * step) / 4294967296.0;
        BOOST_TEST(std::abs(out[i].real() - position) < 1e-5);
        BOOST_TEST(std::abs(out[i].imag() - 2 * position) < 1e-5);
    }
}
