// SPDX-License-Identifier: GPL-3.0-or-later
// What a path (air_path.h) is made of: its settings with their limits, the delays and
// powers of its rays, and the filters that delay by a fraction of a sample.
#pragma once
#include "sample.h"
#include <string>
#include <vector>

namespace gr::advphy {

// Lies in shared memory: only plain numbers.
struct path_settings {
    double gain_db = 0;
    double delay = 0; // samples, >= 0
    double cfo = 0; // Hz by which the received carrier is above the receiver's
    double ppm = 0; // by which the transmitter's clock is faster
    double doppler = 0; // largest Doppler frequency in Hz; 0: the rays stand still
    double spread_ns = 0; // rms delay spread of a profile
    double echo_delay = 0, echo_gain_db = -10, echo_phase = 0; // samples, dB, degrees
    double profile = 0; // index in profile_names()
    double seed = 1; // of the rays
};

struct path_field {
    const char* name;
    double path_settings::* value;
    double lowest, highest;
    const char* unit;
};

// The fields of path_settings in their order. The highest Doppler frequency is a
// hundredth of the sample rate.
const std::vector<path_field>& path_fields();

// "none", "two_rays" (a second ray, the echo), "tdl_a" ... "tdl_e" of [tr38901], 7.7.2.
const std::vector<std::string>& profile_names();

// Throws std::invalid_argument, with a sentence, if a value is out of range.
void check_path(const path_settings& settings, double sample_rate);

struct tabled_ray {
    double delay, power_db; // delay over the rms delay spread
};

// TDL-A to TDL-E.
const std::vector<std::vector<tabled_ray>>& tapped_delay_lines();

// Taps for each fraction of a sample 0, 1/phases, ..., 1, for interpolate(): -60 dB up to
// 0.4 of the rate.
const std::vector<float>& fractional_delays();

} // namespace gr::advphy
