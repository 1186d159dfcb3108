// SPDX-License-Identifier: GPL-3.0-or-later
// The device arguments of a stand-in radio.
//
//     id=NAME              the air that it shares with the other end in the process
//     cfo=HZ               frequency offset of the received carrier
//     noise_variance=V     per real dimension, at the receiver's input
//     delay=SAMPLES
//     ppm=P                clock of the transmitter faster than the receiver's
//     loss_db=DB           between the two, on top of their gains
//     gain_step_every=N, gain_step_db=DB   up and down in turn
//     nan_every=N, nan_samples=M           bursts of NaN
//     overflow_every=N, overflow_samples=M behind N delivered samples lose M
//     paced=0|1            as fast as possible, or with the clock on the wall
//     record=FILE          what is on the air, complex64; FILE.events: what happened
//     seed=S               of the noise
#pragma once
#include "standin_air.h"
#include <map>
#include <string>

namespace gr::advphy {

using arguments = std::map<std::string, std::string>;

// Read the settings; return whether any argument is one. Raises std::invalid_argument
// for an unknown argument or a bad value.
bool read_arguments(const arguments& args, air_settings& settings);

} // namespace gr::advphy
