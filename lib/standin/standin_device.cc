// SPDX-License-Identifier: GPL-3.0-or-later
// A stand-in radio without hardware for tests: SoapySDR device, driver=advphy_standin.
// Its arguments are:
//
//     air=NAME, name=STATION   medium of all processes of this computer (shared_air.h)
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
#include "shared_air.h"
#include "standin_air.h"
#include <SoapySDR/Device.hpp>
#include <SoapySDR/Formats.hpp>
#include <SoapySDR/Registry.hpp>
#include <algorithm>
#include <cmath>
#include <locale>
#include <set>
#include <sstream>
#include <stdexcept>
#include <unistd.h>
#include <utility>

namespace {
using gr::advphy::air_settings;
using gr::advphy::path_settings;
using gr::advphy::station_settings;
using SoapySDR::Kwargs;
using strings = std::vector<std::string>;
const std::string driver = "advphy_standin";
// Also of its antennas, by which a block recognizes it.
const std::string name = "stand-in";

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

// Read the settings; return whether any argument is one. std::invalid_argument if an
// argument is not known or its value is bad.
bool read_arguments(const Kwargs& args, air_settings& settings)
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
        const strings& names = gr::advphy::profile_names();
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
station_settings read_station(const Kwargs& args)
{
    station_settings read;
    read.air = args.at("air");
    read.name = args.count("name") ? args.at("name") : std::to_string(getpid());
    path_settings any;
    Kwargs own, of_paths;
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

std::shared_ptr<gr::advphy::air> air_of(const Kwargs& args)
{
    if (args.count("air"))
        return std::make_shared<gr::advphy::shared_air>(read_station(args));
    const auto air =
        gr::advphy::standin_air::named(args.count("id") ? args.at("id") : "0");
    air_settings settings;
    // Without settings the arguments only name the air.
    if (read_arguments(args, settings))
        air->configure(settings);
    return air;
}

class standin_device : public SoapySDR::Device
{
public:
    explicit standin_device(const Kwargs& args) : d_air(air_of(args)) { }

    ~standin_device() override
    {
        for (const int direction : { SOAPY_SDR_TX, SOAPY_SDR_RX })
            if (d_joined[direction])
                d_air->leave(direction == SOAPY_SDR_TX);
    }

    std::string getDriverKey() const override { return driver; }
    std::string getHardwareKey() const override { return name; }
    Kwargs getHardwareInfo() const override { return { { "driver", driver } }; }
    size_t getNumChannels(int) const override { return 1; }
    bool getFullDuplex(int, size_t) const override { return true; }
    strings listAntennas(int, size_t) const override { return { name }; }
    std::string getAntenna(int, size_t) const override { return name; }

    strings getStreamFormats(int, size_t) const override { return { SOAPY_SDR_CF32 }; }
    std::string getNativeStreamFormat(int, size_t, double& full_scale) const override
    {
        full_scale = 1;
        return SOAPY_SDR_CF32;
    }

    // Only the overloads with a name: SoapySDR::Device derives the total gain and
    // frequency from them.
    strings listGains(int, size_t) const override { return { "all" }; }
    SoapySDR::Range getGainRange(int, size_t, const std::string&) const override
    {
        return { 0, 60 };
    }
    void setGain(int direction, size_t, const std::string&, double gain_db) override
    {
        d_gain_db[direction] = std::clamp(gain_db, 0.0, 60.0);
        d_air->set_gain(direction == SOAPY_SDR_TX, d_gain_db[direction]);
    }
    double getGain(int direction, size_t, const std::string&) const override
    {
        return d_gain_db[direction];
    }

    strings listFrequencies(int, size_t) const override { return { "RF" }; }
    SoapySDR::RangeList getFrequencyRange(int, size_t, const std::string&) const override
    {
        return { SoapySDR::Range(1e6, 6e9) };
    }
    void setFrequency(int direction,
                      size_t,
                      const std::string&,
                      double frequency,
                      const Kwargs&) override
    {
        d_frequency[direction] = frequency;
        d_air->set_frequency(direction == SOAPY_SDR_TX, frequency);
    }
    double getFrequency(int direction, size_t, const std::string&) const override
    {
        return d_frequency[direction];
    }

    SoapySDR::RangeList getSampleRateRange(int, size_t) const override
    {
        return { SoapySDR::Range(1e5, 20e6) };
    }
    std::vector<double> listSampleRates(int, size_t) const override
    {
        return { 1e5, 1e6, 20e6 };
    }
    void setSampleRate(int direction, size_t, double rate) override
    {
        // The first that a block sets, and the first that tells of its direction.
        if (!d_joined[direction]) {
            d_air->join(direction == SOAPY_SDR_TX);
            d_joined[direction] = true;
        }
        d_sample_rate[direction] = rate;
        d_air->set_sample_rate(rate);
    }
    double getSampleRate(int direction, size_t) const override
    {
        return d_sample_rate[direction];
    }

    SoapySDR::Stream* setupStream(int direction,
                                  const std::string& format,
                                  const std::vector<size_t>&,
                                  const Kwargs&) override
    {
        if (format != SOAPY_SDR_CF32)
            refuse("its only format is CF32");
        if (std::exchange(d_open[direction], true))
            refuse("it is open already; give each station a name=STATION of its own");
        return reinterpret_cast<SoapySDR::Stream*>(&d_streams[direction]);
    }
    void closeStream(SoapySDR::Stream* stream) override
    {
        d_open[transmits(stream) ? SOAPY_SDR_TX : SOAPY_SDR_RX] = false;
    }
    size_t getStreamMTU(SoapySDR::Stream*) const override { return 8192; }
    int activateStream(SoapySDR::Stream* stream, int, long long, size_t) override
    {
        return turn(stream, true);
    }
    int deactivateStream(SoapySDR::Stream* stream, int, long long) override
    {
        return turn(stream, false);
    }

    int readStream(SoapySDR::Stream*,
                   void* const* buffers,
                   size_t wanted,
                   int& flags,
                   long long&,
                   long timeout_us) override
    {
        using reading = gr::advphy::air::reading;
        flags = 0;
        size_t delivered = 0;
        const auto found = d_air->read(static_cast<gr::advphy::sample*>(buffers[0]),
                                       wanted,
                                       delivered,
                                       std::chrono::microseconds(timeout_us));
        switch (found) {
        case reading::samples:
            return int(delivered);
        case reading::overflow:
            return SOAPY_SDR_OVERFLOW;
        default:
            return SOAPY_SDR_TIMEOUT;
        }
    }

    int writeStream(SoapySDR::Stream*,
                    const void* const* buffers,
                    size_t given,
                    int&,
                    long long,
                    long timeout_us) override
    {
        // 0, not SOAPY_SDR_TIMEOUT, which gr-soapy logs at each call.
        return int(d_air->write(static_cast<const gr::advphy::sample*>(buffers[0]),
                                given,
                                std::chrono::microseconds(timeout_us)));
    }

private:
    bool transmits(SoapySDR::Stream* stream) const
    {
        return stream ==
               reinterpret_cast<const SoapySDR::Stream*>(&d_streams[SOAPY_SDR_TX]);
    }

    int turn(SoapySDR::Stream* stream, bool on)
    {
        if (transmits(stream))
            d_air->switch_transmitter(on);
        else
            d_air->switch_receiver(on);
        return 0;
    }

    std::shared_ptr<gr::advphy::air> d_air;
    // By direction: SOAPY_SDR_TX is 0, SOAPY_SDR_RX is 1.
    char d_streams[2] = {};
    bool d_joined[2] = { false, false }, d_open[2] = { false, false };
    double d_gain_db[2] = { 0, 0 };
    double d_frequency[2] = { 1e9, 1e9 };
    double d_sample_rate[2] = { 1e6, 1e6 };
};

// Found only by its driver name, so that programs do not list it as a radio.
SoapySDR::KwargsList find(const Kwargs& args)
{
    const auto asked = args.find("driver");
    if (asked == args.end() || asked->second != driver)
        return {};
    Kwargs found = args; // other arguments give another device
    found["label"] = "stand-in radio (no hardware)";
    return { found };
}

SoapySDR::Device* make(const Kwargs& args)
{
    return std::make_unique<standin_device>(args).release(); // SoapySDR deletes it
}

const SoapySDR::Registry registry(driver, &find, &make, SOAPY_SDR_ABI_VERSION);
} // namespace
