// SPDX-License-Identifier: GPL-3.0-or-later
// The device arguments of a stand-in radio.
//
//     id=NAME              air that the two ends in a process share
//     cfo=HZ               frequency offset of the received carrier
//     noise_variance=V     per real dimension, at the receiver's input
//     delay=SAMPLES
//     ppm=P                by which the transmitter's clock is faster than the receiver's
//     loss_db=DB           loss between the two ends, in addition to their gains
//     gain_step_every=N, gain_step_db=DB   alternately up and down
//     nan_every=N, nan_samples=M           bursts of NaN
//     overflow_every=N, overflow_samples=M lose M after N delivered samples
//     paced=0|1            as fast as possible, or in real time
//     record=FILE          samples on the air, complex64; FILE.events: list of events
//     seed=S               seed of the noise
#pragma once
#include "standin_air.h"
#include <map>
#include <string>

namespace gr::advphy {

using arguments = std::map<std::string, std::string>;

// Read the settings; return whether any argument is a setting. std::invalid_argument if
// an argument is not known or its value is bad.
bool read_arguments(const arguments& args, air_settings& settings);

} // namespace gr::advphy
