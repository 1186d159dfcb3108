// SPDX-License-Identifier: GPL-3.0-or-later
#include "standin_arguments.h"
#include <cmath>
#include <set>
#include <stdexcept>

namespace gr::advphy {

namespace {
double number(const arguments& args, const std::string& key, double otherwise)
{
    const auto found = args.find(key);
    if (found == args.end())
        return otherwise;
    size_t used = 0;
    double value = 0;
    try {
        value = std::stod(found->second, &used);
    } catch (const std::exception&) {
        used = 0;
    }
    if (used == 0 || used != found->second.size() || !std::isfinite(value)) {
        throw std::invalid_argument("stand-in radio: " + key + " = '" + found->second +
                                    "', expected a number");
    }
    return value;
}

uint64_t count(const arguments& args, const std::string& key, uint64_t otherwise)
{
    const double value = number(args, key, double(otherwise));
    if (value < 0 || value != std::floor(value) || value > 1e15) {
        throw std::invalid_argument("stand-in radio: " + key + " = '" + args.at(key) +
                                    "', expected a whole number >= 0");
    }
    return uint64_t(value);
}

const std::set<std::string> impairing = {
    "cfo",          "noise_variance",  "delay",     "ppm",
    "gain_step_db", "gain_step_every", "nan_every", "nan_samples",
    "seed",         "overflow_every",  "loss_db",   "overflow_samples",
    "paced",        "record"
};
// Arguments that SoapySDR and gr-osmosdr add.
const std::set<std::string> naming = {
    "driver", "label", "id", "soapy", "nchan", "type"
};

void read_settings(const arguments& args, air_settings& found)
{
    auto& channel = found.channel;
    channel.cfo = number(args, "cfo", 0);
    channel.noise_variance = number(args, "noise_variance", 0);
    channel.delay = count(args, "delay", 0);
    channel.ppm = number(args, "ppm", 0);
    channel.gain_step_db = number(args, "gain_step_db", 0);
    channel.gain_step_every = count(args, "gain_step_every", 0);
    channel.nan_every = count(args, "nan_every", 0);
    channel.nan_samples = count(args, "nan_samples", 0);
    channel.seed = count(args, "seed", 1);
    found.overflow_every = count(args, "overflow_every", 0);
    found.overflow_samples = count(args, "overflow_samples", 1);
    found.loss_db = number(args, "loss_db", 0);
    found.paced = count(args, "paced", 0) != 0;
    if (args.count("record"))
        found.record = args.at("record");
    if (channel.noise_variance < 0 || std::abs(channel.ppm) > 1000) {
        throw std::invalid_argument(
            "stand-in radio: expected noise_variance >= 0 and ppm in -1000..1000");
    }
}
} // namespace

bool read_arguments(const arguments& args, air_settings& settings)
{
    bool configures = false;
    for (const auto& argument : args) {
        if (!impairing.count(argument.first) && !naming.count(argument.first)) {
            throw std::invalid_argument("stand-in radio: '" + argument.first +
                                        "' is not one of its arguments");
        }
        configures |= impairing.count(argument.first) > 0;
    }
    if (configures)
        read_settings(args, settings);
    return configures;
}

} // namespace gr::advphy
