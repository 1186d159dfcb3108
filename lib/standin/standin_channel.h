// SPDX-License-Identifier: GPL-3.0-or-later
// The channel between transmitter and receiver of a stand-in radio.
//
// Order: delay, clock offset, frequency offset, gain steps, noise, bursts of NaN. The
// noise is a pure function of (seed, index of the sample); without impairments the
// output is the input, bit for bit. Cost per sample: 2 ns for noise, 64
// multiplications for a clock offset. Reference: numpy, in tests/qa_sdr_standin.py.
#pragma once
#include "sample.h"
#include <vector>

namespace gr::advphy {

struct impairments {
    double cfo = 0; // Hz by which the received carrier is above the receiver's
    double noise_variance = 0; // per real dimension
    uint64_t delay = 0; // samples
    double ppm = 0; // by which the transmitter's clock is faster than the receiver's
    uint64_t gain_step_every = 0; // samples between two steps, up and down; 0: none
    double gain_step_db = 0;
    uint64_t nan_every = 0; // samples between the beginnings of two bursts; 0: none
    uint64_t nan_samples = 0;
    uint64_t seed = 1;
};

// A sinc with a Hann window for each fraction of a sample 0, 1/phases, ..., 1, for
// interpolate(): -60 dB up to 0.4 of the rate.
const std::vector<float>& fractional_delays();

class standin_channel
{
public:
    standin_channel(const impairments& given, double sample_rate);

    // Append the samples received from `count` sent ones to `out`.
    void pass(const sample* sent, size_t count, std::vector<sample>& out);

private:
    void resample(std::vector<sample>& out);
    void impair(sample* samples, size_t count);

    impairments d_given;
    double d_cycles_per_sample;
    uint64_t d_index = 0; // of the next sample at the receiver
    uint64_t d_delay_left;
    std::vector<sample> d_waiting; // for the resampler
    uint64_t d_step, d_at = 0; // of the received samples in d_waiting, times 2^32
    std::vector<float> d_normals;
};

} // namespace gr::advphy
