// SPDX-License-Identifier: GPL-3.0-or-later
#include "standin_arguments.h"
#include "shared_air.h"
#include "standin_air.h"
#include <algorithm>
#include <cmath>
#include <locale>
#include <set>
#include <sstream>
#include <unistd.h>

namespace gr::advphy {

namespace {
using strings = std::vector<std::string>;

const std::map<std::string, double air_settings::*> reals = {
    { "cfo", &air_settings::cfo },
    { "noise_variance", &air_settings::noise_variance },
    { "ppm", &air_settings::ppm },
    { "gain_step_db", &air_settings::gain_step_db },
    { "loss_db", &air_settings::loss_db },
};
const std::map<std::string, uint64_t air_settings::*> counts = {
    { "delay", &air_settings::delay },
    { "gain_step_every", &air_settings::gain_step_every },
    { "nan_every", &air_settings::nan_every },
    { "nan_samples", &air_settings::nan_samples },
    { "seed", &air_settings::seed },
    { "overflow_every", &air_settings::overflow_every },
    { "overflow_samples", &air_settings::overflow_samples },
    { "paced", &air_settings::paced },
};
const std::map<std::string, double path_settings::*> path_reals = {
    { "gain_db", &path_settings::gain_db },
    { "delay", &path_settings::delay },
    { "cfo", &path_settings::cfo },
    { "ppm", &path_settings::ppm },
    { "doppler", &path_settings::doppler },
    { "spread_ns", &path_settings::spread_ns },
    { "echo_delay", &path_settings::echo_delay },
    { "echo_gain_db", &path_settings::echo_gain_db },
    { "echo_phase", &path_settings::echo_phase },
    { "seed", &path_settings::seed },
};
const std::map<std::string, uint64_t station_settings::*> station_counts = {
    { "overflow_every", &station_settings::overflow_every },
    { "overflow_samples", &station_settings::overflow_samples },
    { "paced", &station_settings::paced },
    { "stall_ms", &station_settings::stall_ms },
    { "lead", &station_settings::lead },
};
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

// Read the settings; return whether any argument is one. std::invalid_argument if an
// argument is not known or its value is bad.
bool read_arguments(const device_arguments& args, air_settings& settings)
{
    bool configures = false;
    for (const auto& [key, text] : args) {
        if (naming.count(key))
            continue;
        configures = true;
        if (reals.count(key))
            settings.*reals.at(key) = number(key, text);
        else if (counts.count(key))
            settings.*counts.at(key) = count(key, text);
        else if (key == "record")
            settings.record = text;
        else
            refuse("'" + key + "' is not one of its arguments");
    }
    if (settings.noise_variance < 0 || std::abs(settings.ppm) > 1000)
        refuse("expected noise_variance >= 0 and ppm in -1000..1000");
    return configures;
}

// Read a setting of a path; return whether it is one.
bool read_path(const std::string& key, const std::string& text, path_settings& path)
{
    if (key == "profile") {
        const strings& names = profile_names();
        const auto found = std::find(names.begin(), names.end(), text);
        if (found == names.end())
            refuse("profile = '" + text + "', expected none, two_rays or tdl_a to tdl_e");
        path.profile = double(found - names.begin());
    } else if (path_reals.count(key)) {
        path.*path_reals.at(key) = number(key, text);
    } else {
        return false;
    }
    return true;
}

// Read the arguments of a station of a shared air.
station_settings read_station(const device_arguments& args)
{
    station_settings read;
    read.air = args.at("air");
    read.name = args.count("name") ? args.at("name") : std::to_string(getpid());
    path_settings any;
    device_arguments own, of_paths;
    for (const auto& [key, text] : args) {
        if (naming.count(key))
            continue;
        if (key.find('.') != std::string::npos)
            of_paths[key] = text;
        else if (station_counts.count(key))
            read.*station_counts.at(key) = count(key, text);
        else if (key == "record")
            read.record = text;
        else if (key == "seed" || !read_path(key, text, any))
            own[key] = text;
        else
            read.path = any;
    }
    if (args.count("id") || own.count("loss_db"))
        refuse("id and loss_db do not go with air=; give gain_db=");
    air_settings input;
    read_arguments(own, input);
    read.impaired = input;
    for (const auto& [key, text] : of_paths) {
        const auto dot = key.find('.');
        auto& path = read.paths.try_emplace(key.substr(0, dot), any).first->second;
        if (!read_path(key.substr(dot + 1), text, path))
            refuse("'" + key + "' is not one of its arguments");
    }
    return read;
}

} // namespace

std::shared_ptr<air> air_of(const device_arguments& args)
{
    if (args.count("air"))
        return std::make_shared<shared_air>(read_station(args));
    const auto air = standin_air::named(args.count("id") ? args.at("id") : "0");
    air_settings settings;
    // Without settings the arguments only name the air.
    if (read_arguments(args, settings))
        air->configure(settings);
    return air;
}

} // namespace gr::advphy
