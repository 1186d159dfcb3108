// SPDX-License-Identifier: GPL-3.0-or-later
// The arguments of a stand-in radio, and the station that they select:
//
//     air=NAME, name=STATION   medium of all processes of this computer
//     id=NAME                  or: air of one transmitter and one receiver in one process
//
// The others are fields of station_settings and path_settings (air/air_path.h) by
// their names; those of paths may have a name in front: NAME.cfo=... is that of the path
// from NAME. With id= there are neither lead nor stall_ms, no names in front, and of
// paths only cfo, ppm, a whole delay, and loss_db=DB, a loss in addition to the gains.
#include "station.h"
#include <algorithm>
#include <cmath>
#include <locale>
#include <set>
#include <sstream>
#include <unistd.h>

namespace gr::advphy {

namespace {
using settings = station_settings;

const std::map<std::string, double settings::*> reals = {
    { "noise_variance", &settings::noise_variance },
    { "gain_step_db", &settings::gain_step_db },
};
const std::map<std::string, uint64_t settings::*> counts = {
    { "gain_step_every", &settings::gain_step_every },
    { "nan_every", &settings::nan_every },
    { "nan_samples", &settings::nan_samples },
    { "seed", &settings::seed },
    { "overflow_every", &settings::overflow_every },
    { "overflow_samples", &settings::overflow_samples },
    { "paced", &settings::paced },
    { "stall_ms", &settings::stall_ms },
    { "lead", &settings::lead },
};
const std::set<std::string> only_shared = { "stall_ms", "lead" };
// Arguments that SoapySDR and gr-osmosdr add.
const std::set<std::string> naming = { "driver", "label", "id",   "soapy", "nchan",
                                       "type",   "air",   "name", "end" };

double number(const std::string& key, const std::string& text)
{
    std::istringstream stream(text);
    stream.imbue(std::locale::classic()); // Qt sets the user's, perhaps with commas
    double value = 0;
    if (!(stream >> value) || !stream.eof() || !std::isfinite(value))
        refuse(key + " = '" + text + "', expected a number");
    return value;
}

uint64_t count(const std::string& key, const std::string& text)
{
    const double value = number(key, text);
    if (value < 0 || value != std::floor(value) || value > 1e15)
        refuse(key + " = '" + text + "', expected a whole number >= 0");
    return uint64_t(value);
}

// Read a setting of a path; return whether it is one.
bool read_path(const std::string& key, const std::string& text, path_settings& path)
{
    if (key == "profile") {
        const auto found = std::find(profile_names.begin(), profile_names.end(), text);
        if (found == profile_names.end())
            refuse("profile = '" + text + "', expected none, two_rays or tdl_a to tdl_e");
        path.profile = double(found - profile_names.begin());
        return true;
    }
    for (const path_field& field : path_fields)
        if (key == field.name) {
            path.*field.value = number(key, text);
            return true;
        }
    return false;
}

// Read a setting of the path of a private air; return whether it is one.
bool read_private_path(const std::string& key,
                       const std::string& text,
                       path_settings& path)
{
    if (key == "delay")
        path.delay = double(count(key, text));
    else if (key == "loss_db")
        path.gain_db = -number(key, text);
    else
        return (key == "cfo" || key == "ppm") && read_path(key, text, path);
    return true;
}

// Read the arguments; std::invalid_argument if one is not known or its value is bad.
settings read_arguments(const device_arguments& args, bool shared)
{
    settings read;
    read.paced = shared;
    path_settings any;
    device_arguments of_paths;
    for (const auto& [key, text] : args) {
        if (naming.count(key))
            continue;
        if (reals.count(key))
            read.*reals.at(key) = number(key, text);
        else if (counts.count(key) && (shared || !only_shared.count(key)))
            read.*counts.at(key) = count(key, text);
        else if (key == "record")
            read.record = text;
        else if (shared && key.find('.') != std::string::npos)
            of_paths[key] = text;
        else if ((shared ? read_path : read_private_path)(key, text, any))
            read.path = any;
        else
            refuse("'" + key + "' is not one of its arguments");
    }
    for (const auto& [key, text] : of_paths) {
        const auto dot = key.find('.');
        auto& path = read.paths.try_emplace(key.substr(0, dot), any).first->second;
        if (!read_path(key.substr(dot + 1), text, path))
            refuse("'" + key + "' is not one of its arguments");
    }
    if (read.noise_variance < 0)
        refuse("expected noise_variance >= 0");
    return read;
}

} // namespace

std::shared_ptr<station> station_of(const device_arguments& args)
{
    const auto shared = args.find("air");
    if (shared == args.end()) {
        const auto found = station::named(args.count("id") ? args.at("id") : "0");
        const settings read = read_arguments(args, false);
        // Without settings the arguments only name the air.
        if (std::any_of(args.begin(), args.end(), [](const auto& one) {
                return naming.count(one.first) == 0;
            }))
            found->configure(read);
        return found;
    }
    if (args.count("id") || args.count("loss_db"))
        refuse("id and loss_db do not go with air=; give gain_db=");
    settings read = read_arguments(args, true);
    read.name = args.count("name") ? args.at("name") : std::to_string(getpid());
    auto made = std::make_shared<station>(shared->second);
    made->configure(read);
    return made;
}

} // namespace gr::advphy
