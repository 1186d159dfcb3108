// SPDX-License-Identifier: GPL-3.0-or-later
// The path from one transmitter to one receiver of a shared air: gain, delay, offsets of
// carrier and clock, several rays, Doppler; and what it is made of (path_tables.cc).
//
// The rays make one filter of complex taps, which is computed at the beginning and at the
// end of each piece; in between, the outputs of both are interpolated. A ray that fades
// is a sum of sinusoids [jakes] and a function of the time on the air, the seed, and the
// ray alone. A single ray that stands still is interpolated at each sample instead, and
// without delay, rays and offsets the output is the input, bit for bit.
//
// Cost per sample: about 32 complex multiply-adds, twice that if anything changes, and
// half of it for a single ray.
// Reference: formulas in numpy, tests/qa_shared_air.py.
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
    double profile = 0; // index in profile_names
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
extern const std::vector<path_field> path_fields;

// "none", "two_rays" (a second ray, the echo), "tdl_a" ... "tdl_e" of [tr38901], 7.7.2.
extern const std::vector<std::string> profile_names;

// Throws std::invalid_argument, with a sentence, if a value is out of range.
void check_path(const path_settings& settings, double sample_rate);

struct tabled_ray {
    double delay, power_db; // delay over the rms delay spread
};

// TDL-A to TDL-E.
extern const std::vector<std::vector<tabled_ray>> tapped_delay_lines;

// Taps for each fraction of a sample 0, 1/phases, ..., 1, for interpolate(): -60 dB up to
// 0.4 of the rate.
const std::vector<float>& fractional_delays();

class air_path
{
public:
    air_path(const path_settings& settings, double sample_rate, double origin);

    // The rays and offsets change, the position goes on.
    void change(const path_settings& settings, double sample_rate);

    // Index of the first sample of the transmitter that is needed for the next one of the
    // receiver, and the number needed for `count` of them.
    int64_t first() const;
    size_t needed(size_t count) const;

    // Add the contribution to out: `count` samples from time `at` on (samples on the
    // air). sent: the samples from first() on.
    void add(const sample* sent, int64_t at, size_t count, sample* out);

    // Lose the contribution of so many samples.
    void skip(int64_t count);

private:
    struct ray {
        double delay; // samples
        double power;
        double shift; // Doppler of a ray that does not fade, Hz
        std::complex<double> fixed; // its gain, if nothing moves
        std::vector<double> frequency, phase; // of the sinusoids of one that fades, Hz
    };
    using taps = std::vector<sample>;

    void set_rays();
    void scatter(ray& made, uint64_t number);
    std::complex<double> gain(const ray& of, double seconds) const;
    void filter_at(double seconds, double fraction, taps& filter) const;
    void pass_rays(const sample* from, int64_t now, size_t count);
    void filtered(const taps& filter, size_t count, std::vector<float>& out) const;
    void turn(int64_t at, size_t count, sample* samples) const;

    path_settings d_settings;
    double d_sample_rate;
    // Position of the receiver's next sample among those sent: whole and fraction.
    int64_t d_whole;
    double d_fraction;
    bool d_plain, d_single, d_still; // single: one ray, its gain is 1
    size_t d_reach, d_size; // taps before those of a ray without delay, and all
    size_t d_piece; // samples
    std::vector<ray> d_rays;
    taps d_begin, d_end;
    std::vector<float> d_sent, d_first, d_second; // real parts, then imaginary parts
    std::vector<sample> d_out;
};

} // namespace gr::advphy
