// SPDX-License-Identifier: GPL-3.0-or-later
// Test of the paths of a shared air against formulas: tones through delays, offsets and
// rays, and the statistics of the rays of [tr38901] over many seeds.
#include "air/air_path.h"
#include "qa.h"
#include <cmath>

using namespace gr::advphy;

namespace {

constexpr double rate = 1e6;
constexpr double tone = 0.05; // cycles per sample

sample wave(double position)
{
    return sample(std::polar(1.0, 2 * M_PI * tone * position));
}

// What arrives of a tone that began long ago, in calls of `call` samples.
std::vector<sample>
received(const path_settings& settings, size_t count, size_t call = 1000)
{
    air_path path(settings, rate, 5000);
    std::vector<sample> out(count);
    for (size_t done = 0; done < count;) {
        const size_t size = std::min(call, count - done);
        std::vector<sample> sent(path.needed(size));
        for (size_t i = 0; i < sent.size(); ++i)
            sent[i] = wave(double(path.first() + int64_t(i)));
        path.add(sent.data(), int64_t(done), size, out.data() + done);
        done += size;
    }
    return out;
}

// Largest difference from a formula of the sample's index.
template <typename formula>
double difference(const std::vector<sample>& found, formula expected)
{
    double largest = 0;
    for (size_t i = 0; i < found.size(); ++i) {
        const auto one = std::complex<double>(found[i]);
        largest = std::max(largest, std::abs(one - expected(double(i))));
    }
    return largest;
}

std::complex<double> turns(double cycles) { return std::polar(1.0, 2 * M_PI * cycles); }

} // namespace

BOOST_AUTO_TEST_CASE(without_impairments_what_is_sent_arrives)
{
    const auto found = received({}, 3000);
    for (size_t i = 0; i < found.size(); ++i)
        BOOST_REQUIRE_EQUAL(found[i], wave(5000 + double(i)));
}

BOOST_AUTO_TEST_CASE(gain_delay_and_offsets_follow_their_formulas)
{
    path_settings path;
    path.gain_db = -6;
    path.delay = 12.3;
    path.cfo = 1000;
    const double gain = std::pow(10, -0.3);
    const auto expected = [&](double i) {
        return gain * turns(tone * (5000 + i - 12.3) + 1e-3 * i);
    };
    BOOST_CHECK_LT(difference(received(path, 5000), expected), 2e-3 * gain);
    path_settings fast;
    fast.ppm = 40;
    BOOST_CHECK_LT(
        difference(received(fast, 200000),
                   [](double i) { return turns(tone * (5000 + i * 1.00004)); }),
        2e-3);
}

BOOST_AUTO_TEST_CASE(two_rays_add)
{
    path_settings path;
    path.profile = 1;
    path.echo_delay = 4.5;
    path.echo_gain_db = -10;
    path.echo_phase = 90;
    path.doppler = 200; // of the first ray; the echo comes from behind
    const auto expected = [](double i) {
        const auto echo = std::complex<double>(0, std::sqrt(0.1));
        return turns(tone * (5000 + i) + 200 / rate * i) +
               echo * turns(tone * (5000 + i - 4.5) - 200 / rate * i);
    };
    BOOST_CHECK_LT(difference(received(path, 20000), expected), 5e-3);
}

BOOST_AUTO_TEST_CASE(the_size_of_calls_changes_nothing)
{
    path_settings path;
    path.profile = 4;
    path.spread_ns = 500;
    path.doppler = 100;
    path.ppm = -30;
    const auto whole = received(path, 4000, 4000), parts = received(path, 4000, 37);
    for (size_t i = 0; i < whole.size(); ++i)
        BOOST_REQUIRE_LT(std::abs(whole[i] - parts[i]), 1e-5);
}

// An impulse shows the rays, at delays far apart: mean power 1, rms delay spread as
// asked.
BOOST_AUTO_TEST_CASE(profiles_have_their_power_and_their_spread)
{
    constexpr int seeds = 400;
    constexpr double spread = 20; // samples
    for (int profile = 2; profile <= 6; ++profile) {
        double power = 0, first = 0, second = 0;
        for (int seed = 1; seed <= seeds; ++seed) {
            path_settings path;
            path.profile = profile;
            path.spread_ns = 1e9 * spread / rate;
            path.seed = seed;
            air_path rays(path, rate, -100);
            constexpr size_t count = 700;
            std::vector<sample> sent(rays.needed(count)), out(count);
            sent[size_t(-rays.first())] = 1;
            rays.add(sent.data(), 0, count, out.data());
            for (size_t i = 0; i < count; ++i) {
                power += std::norm(out[i]);
                first += std::norm(out[i]) * (double(i) - 100);
                second += std::norm(out[i]) * (double(i) - 100) * (double(i) - 100);
            }
        }
        const double mean = first / power;
        // A ray at half a sample loses nothing, rays within a sample add: 4 deviations.
        BOOST_CHECK_SMALL(power / seeds - 1, 0.12);
        BOOST_CHECK_CLOSE(std::sqrt(second / power - mean * mean), spread, 10);
    }
}

// The correlation of a fading gain over time is the Bessel function J0(2 pi f t) [jakes].
BOOST_AUTO_TEST_CASE(fading_has_the_correlation_of_jakes)
{
    constexpr int seeds = 3000;
    constexpr double doppler = 1000;
    for (const int64_t apart : { 0, 200, 383, 600 }) { // J0 is 0 at 383
        std::complex<double> sum = 0;
        for (int seed = 1; seed <= seeds; ++seed) {
            path_settings path;
            path.profile = 2;
            path.spread_ns = 1; // all rays within a sample: one gain
            path.doppler = doppler;
            path.seed = seed;
            sample gains[2] = {};
            for (const int later : { 0, 1 }) {
                air_path rays(path, rate, 0);
                const std::vector<sample> sent(rays.needed(1), 1);
                rays.add(sent.data(), 1000 + later * apart, 1, &gains[later]);
            }
            sum += std::complex<double>(gains[1] * std::conj(gains[0]));
        }
        const double expected =
            std::cyl_bessel_j(0, 2 * M_PI * doppler * double(apart) / rate);
        // The mean of 3000 products of complex normals: deviation 0.018.
        BOOST_CHECK_SMALL(std::abs(sum / double(seeds) - expected), 0.075);
    }
}

BOOST_AUTO_TEST_CASE(values_out_of_range_are_refused)
{
    path_settings path;
    path.delay = -1;
    BOOST_CHECK_THROW(check_path(path, rate), std::invalid_argument);
    path = {};
    path.profile = 3; // without spread_ns
    BOOST_CHECK_THROW(check_path(path, rate), std::invalid_argument);
    path = {};
    path.doppler = 20000;
    BOOST_CHECK_THROW(check_path(path, rate), std::invalid_argument);
    path.doppler = 10000;
    BOOST_CHECK_NO_THROW(check_path(path, rate));
}
