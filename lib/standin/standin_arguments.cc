// SPDX-License-Identifier: GPL-3.0-or-later
#include "standin_arguments.h"
#include <cmath>
#include <locale>
#include <set>
#include <sstream>
#include <stdexcept>

namespace gr::advphy {

namespace {
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
// Arguments that SoapySDR and gr-osmosdr add.
const std::set<std::string> naming = {
    "driver", "label", "id", "soapy", "nchan", "type"
};

[[noreturn]] void refuse(const std::string& what)
{
    throw std::invalid_argument("stand-in radio: " + what);
}

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
} // namespace

bool read_arguments(const arguments& args, air_settings& settings)
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

} // namespace gr::advphy
