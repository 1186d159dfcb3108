// SPDX-License-Identifier: GPL-3.0-or-later
// What a path is made of: limits of its settings, delays and powers of its rays, and the
// filters that delay by a fraction of a sample.
#include "air/air_path.h"
#include "air/impairment.h"
#include <cmath>
#include <locale>
#include <sstream>
#include <stdexcept>

namespace gr::advphy {

// [tr38901], tables 7.7.2-1 to 7.7.2-5. The first ray of D and E does not fade.
// clang-format off
const std::vector<std::vector<tabled_ray>> tapped_delay_lines = {
    { { 0, -13.4 }, { .3819, 0 }, { .4025, -2.2 }, { .5868, -4 }, { .4610, -6 },
      { .5375, -8.2 }, { .6708, -9.9 }, { .5750, -10.5 }, { .7618, -7.5 },
      { 1.5375, -15.9 }, { 1.8978, -6.6 }, { 2.2242, -16.7 }, { 2.1718, -12.4 },
      { 2.4942, -15.2 }, { 2.5119, -10.8 }, { 3.0582, -11.3 }, { 4.0810, -12.7 },
      { 4.4579, -16.2 }, { 4.5695, -18.3 }, { 4.7966, -18.9 }, { 5.0066, -16.6 },
      { 5.3043, -19.9 }, { 9.6586, -29.7 } },
    { { 0, 0 }, { .1072, -2.2 }, { .2155, -4 }, { .2095, -3.2 }, { .2870, -9.8 },
      { .2986, -1.2 }, { .3752, -3.4 }, { .5055, -5.2 }, { .3681, -7.6 },
      { .3697, -3 }, { .5700, -8.9 }, { .5283, -9 }, { 1.1021, -4.8 },
      { 1.2756, -5.7 }, { 1.5474, -7.5 }, { 1.7842, -1.9 }, { 2.0169, -7.6 },
      { 2.8294, -12.2 }, { 3.0219, -9.8 }, { 3.6187, -11.4 }, { 4.1067, -14.9 },
      { 4.2790, -9.2 }, { 4.7834, -11.3 } },
    { { 0, -4.4 }, { .2099, -1.2 }, { .2219, -3.5 }, { .2329, -5.2 }, { .2176, -2.5 },
      { .6366, 0 }, { .6448, -2.2 }, { .6560, -3.9 }, { .6584, -7.4 },
      { .7935, -7.1 }, { .8213, -10.7 }, { .9336, -11.1 }, { 1.2285, -5.1 },
      { 1.3083, -6.8 }, { 2.1704, -8.7 }, { 2.7105, -13.2 }, { 4.2589, -13.9 },
      { 4.6003, -13.9 }, { 5.4902, -15.8 }, { 5.6077, -17.1 }, { 6.3065, -16 },
      { 6.6374, -15.7 }, { 7.0427, -21.6 }, { 8.6523, -22.8 } },
    { { 0, -.2 }, { 0, -13.5 }, { .035, -18.8 }, { .612, -21 }, { 1.363, -22.8 },
      { 1.405, -17.9 }, { 1.804, -20.1 }, { 2.596, -21.9 }, { 1.775, -22.9 },
      { 4.042, -27.8 }, { 7.937, -23.6 }, { 9.424, -24.8 }, { 9.708, -30 },
      { 12.525, -27.7 } },
    { { 0, -.03 }, { 0, -22.03 }, { .5133, -15.8 }, { .5440, -18.1 },
      { .5630, -19.8 }, { .5440, -22.9 }, { .7112, -22.4 }, { 1.9092, -18.6 },
      { 1.9293, -20.8 }, { 1.9589, -22.6 }, { 2.6426, -22.3 }, { 3.7136, -25.6 },
      { 5.4524, -20.2 }, { 12.0034, -29.8 }, { 20.6519, -29.2 } },
};
// clang-format on

// A sinc with a Hann window.
const std::vector<float>& fractional_delays()
{
    constexpr size_t taps = interpolator_taps, phases = interpolator_phases;
    constexpr double half = double(taps) / 2;
    static const std::vector<float> filters = [] {
        std::vector<float> made;
        for (size_t phase = 0; phase <= phases; ++phase)
            for (size_t tap = 0; tap < taps; ++tap) {
                const double t = double(tap) - (half - 1) - double(phase) / phases;
                const double sinc = t == 0 ? 1 : std::sin(M_PI * t) / (M_PI * t);
                const double window = 0.5 + 0.5 * std::cos(M_PI * t / half);
                made.push_back(std::abs(t) < half ? float(sinc * window) : 0.0f);
            }
        return made;
    }();
    return filters;
}

const std::vector<std::string> profile_names = { "none",  "two_rays", "tdl_a", "tdl_b",
                                                 "tdl_c", "tdl_d",    "tdl_e" };

const std::vector<path_field> path_fields = {
    { "gain_db", &path_settings::gain_db, -200, 200, " dB" },
    { "delay", &path_settings::delay, 0, 131072, " samples" },
    { "cfo", &path_settings::cfo, -HUGE_VAL, HUGE_VAL, "" },
    { "ppm", &path_settings::ppm, -1000, 1000, "" },
    { "doppler", &path_settings::doppler, 0, HUGE_VAL, " Hz" },
    { "spread_ns", &path_settings::spread_ns, 0, HUGE_VAL, " ns" },
    { "echo_delay", &path_settings::echo_delay, 0, 1000, " samples" },
    { "echo_gain_db", &path_settings::echo_gain_db, -200, 200, " dB" },
    { "echo_phase", &path_settings::echo_phase, -HUGE_VAL, HUGE_VAL, "" },
    { "profile", &path_settings::profile, 0, double(profile_names.size() - 1), "" },
    { "seed", &path_settings::seed, -HUGE_VAL, HUGE_VAL, "" },
};

void check_path(const path_settings& s, double sample_rate)
{
    using std::string;
    const auto text = [](double value) {
        std::ostringstream said;
        said.imbue(std::locale::classic());
        said << value;
        return said.str();
    };
    const auto require =
        [&](bool good, const string& name, const string& rule, double got) {
            if (!good)
                throw std::invalid_argument(name + " must be " + rule + ", got " +
                                            text(got));
        };
    for (const path_field& field : path_fields) {
        const double value = s.*field.value;
        const bool doppler = field.value == &path_settings::doppler;
        const double highest = doppler ? sample_rate / 100 : field.highest;
        const string range = text(field.lowest) + ".." + text(highest) + field.unit;
        require(std::isfinite(value), field.name, "finite", value);
        require(value >= field.lowest && value <= highest, field.name, range, value);
    }
    const double last = 21e-9 * s.spread_ns * sample_rate + s.echo_delay;
    require(last <= 1000, "spread_ns", "shorter: no ray 1000 samples late", s.spread_ns);
    require(s.profile < 2 || s.spread_ns > 0,
            "spread_ns",
            "above 0, the rms delay spread of the profile in ns",
            s.spread_ns);
}

} // namespace gr::advphy
