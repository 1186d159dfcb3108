// SPDX-License-Identifier: GPL-3.0-or-later
// Tests of the tone canceller: what is left of carriers in white noise of power 1.
#include "modem/tone_canceller.h"
#include "qa.h"
#include <cmath>

using namespace gr::advphy;

namespace {

constexpr size_t count = 8192;

std::vector<sample> noise(unsigned seed)
{
    const auto values = random_floats(2 * count, seed, float(M_SQRT1_2));
    std::vector<sample> x(count);
    for (size_t i = 0; i < count; ++i)
        x[i] = { values[2 * i], values[2 * i + 1] };
    return x;
}

// Add A exp(j phase(i)) from a sample on, clean, and return the mean power of the error.
template <class Phase> double left_of(Phase phase, double amplitude, size_t from)
{
    const auto grain = noise(3);
    auto x = grain;
    for (size_t i = from; i < count; ++i)
        x[i] += sample(std::polar(amplitude, phase(double(i))));
    std::vector<sample> out;
    BOOST_TEST(may_hold_carrier(x.data(), count, 4));
    BOOST_TEST(tone_canceller(64, 4).clean(x.data(), count, out));
    double error = 0;
    for (size_t i = 0; i < count; ++i)
        error += std::norm(out[i] - grain[i]) / count;
    return error;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_carrier_is_subtracted_but_for_its_estimate)
{
    const auto tone = [](double i) { return 0.7 + 0.3 * i; };
    const auto chirp = [](double i) { return 1.1 * i - 3e-4 * i * i; };
    // Four real numbers per window cost 2 / 170 of the noise: (sum w)^2 / sum w^2 = 170
    // for Hann's window w of 256 samples. Four times that is allowed.
    for (const double amplitude : { 1.4, 10.0 }) {
        BOOST_TEST(left_of(tone, amplitude, 0) < 4 * 2.0 / 170);
        BOOST_TEST(left_of(chirp, amplitude, 0) < 4 * 2.0 / 170);
    }
    // A carrier of 20 dB that begins within a window leaves less than 40 of its samples.
    BOOST_TEST(left_of(tone, 10, 5000) < 4 * 2.0 / 170 + 100.0 * 40 / count);
}

BOOST_AUTO_TEST_CASE(noise_is_no_carrier)
{
    for (unsigned seed = 0; seed < 50; ++seed)
        BOOST_TEST(!may_hold_carrier(noise(seed).data(), count, 4));
}
