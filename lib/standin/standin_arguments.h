// SPDX-License-Identifier: GPL-3.0-or-later
// The arguments of a stand-in radio, and the station that they select:
//
//     air=NAME, name=STATION   medium of all processes of this computer
//     id=NAME                  or: air of one transmitter and one receiver in one process
//
// The others are fields of station_settings and path_settings (air/path_tables.h) by
// their names; those of paths may have a name in front: NAME.cfo=... is that of the path
// from NAME. With id= there are neither lead nor stall_ms, no names in front, and of
// paths only cfo, ppm, a whole delay, and loss_db=DB, a loss in addition to the gains.
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
