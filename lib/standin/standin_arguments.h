// SPDX-License-Identifier: GPL-3.0-or-later
// The arguments of a stand-in radio, and the air that they select:
//
//     air=NAME, name=STATION   medium of all processes of this computer
//     id=NAME                  or: air of one transmitter and one receiver in one process
// At the receiver's input:
//     noise_variance=V     per real dimension
//     gain_step_every=N, gain_step_db=DB   alternately up and down
//     nan_every=N, nan_samples=M           bursts of NaN
//     overflow_every=N, overflow_samples=M lose M after N delivered samples
//     seed=S               seed of the noise
//     record=FILE          samples on the air, complex64; FILE.events: list of events.
//                          With air=: those received; FILE.NAME: the part from NAME
//     paced=0|1            as fast as possible (the default of id=), or in real time
// Of the path to the receiver; with air=, NAME.cfo=... is that of the path from NAME:
//     cfo=HZ               frequency offset of the received carrier
//     delay=SAMPLES        with air=: also fractions
//     ppm=P                by which the transmitter's clock is faster than the receiver's
//     loss_db=DB           with id=: in addition to the gains
// Only with air=:
//     gain_db=DB, doppler=HZ, profile=none|two_rays|tdl_a...tdl_e, spread_ns=NS,
//     echo_delay=SAMPLES, echo_gain_db=DB, echo_phase=DEGREES   of two_rays
//     lead=SAMPLES         from a transmitter's start, or late sample, to the air
//     stall_ms=MS          after which the others do not wait for a station
#pragma once
#include "station.h"
#include <map>
#include <memory>
#include <string>

namespace gr::advphy {

using device_arguments = std::map<std::string, std::string>; // SoapySDR's Kwargs

// std::invalid_argument if an argument is not known or its value is bad.
std::shared_ptr<station> station_of(const device_arguments& args);

} // namespace gr::advphy
