// SPDX-License-Identifier: GPL-3.0-or-later
// Impairments of samples: phasors, products, values between samples; nothing is read or
// written outside.
#define BOOST_TEST_MODULE impairment
#include "air/impairment.h"
#include "instruction_set.h"
#include <boost/test/included/unit_test.hpp>
#include <cmath>
#include <complex>
#include <vector>

using namespace gr::advphy;

namespace {

using samples = std::vector<std::complex<float>>;

float* floats(samples& x) { return reinterpret_cast<float*>(x.data()); }

const double pi = std::acos(-1.0);

} // namespace

BOOST_AUTO_TEST_CASE(phasors_are_the_same_on_every_instruction_set)
{
    for (size_t count : { 0, 1, 255, 256, 300 }) {
        std::vector<uint32_t> turns(count);
        for (size_t i = 0; i < count; ++i)
            turns[i] = uint32_t(i * 2654435769u);
        samples first;
        for (const auto& name : instruction_sets()) {
            choose_instruction_set(name);
            samples out(count);
            phasors(turns.data(), count, floats(out));
            for (size_t i = 0; i < count; ++i)
                BOOST_TEST(std::abs(std::complex<double>(out[i]) -
                                    std::polar(1.0, 2 * pi * turns[i] / 4294967296.0)) <
                           3e-7);
            if (first.empty())
                first = out;
            BOOST_TEST((first == out));
        }
    }
    choose_instruction_set(instruction_sets().front());
}

BOOST_AUTO_TEST_CASE(a_product_may_be_written_over_its_factor)
{
    samples gains = { { 1, 2 }, { 0, -1 } }, x = { { 3, -1 }, { 5, 7 } };
    multiply(floats(gains), floats(x), x.size(), floats(x));
    BOOST_TEST((x == samples{ { 5, 5 }, { 7, -5 } }));
}

BOOST_AUTO_TEST_CASE(taps_are_interpolated_between_fractions_of_a_sample)
{
    // Taps 0 and 1 are 1 - fraction and fraction: linear interpolation of x.
    std::vector<float> table((interpolator_phases + 1) * interpolator_taps);
    for (size_t p = 0; p <= interpolator_phases; ++p) {
        const float fraction = float(p) / interpolator_phases;
        table[p * interpolator_taps] = 1 - fraction;
        table[p * interpolator_taps + 1] = fraction;
    }
    samples x(interpolator_taps + 2); // no sample more than the last position needs
    for (size_t i = 0; i < x.size(); ++i)
        x[i] = { float(i), float(2 * i) };
    samples out(3);
    const auto step = uint64_t(1.0003 * 4294967296.0), start = step / 5;
    interpolate(table.data(), floats(x), start, step, out.size(), floats(out));
    for (size_t i = 0; i < out.size(); ++i) {
        const double position = double(start + i * step) / 4294967296.0;
        BOOST_TEST(std::abs(out[i].real() - position) < 1e-5);
        BOOST_TEST(std::abs(out[i].imag() - 2 * position) < 1e-5);
    }
}
