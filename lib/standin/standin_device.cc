// SPDX-License-Identifier: GPL-3.0-or-later
// A stand-in radio without hardware: SoapySDR device, driver=advphy_standin.
// standin_arguments.cc has its arguments.
#include "station.h"
#include <SoapySDR/Device.hpp>
#include <SoapySDR/Formats.hpp>
#include <SoapySDR/Registry.hpp>
#include <algorithm>
#include <utility>

namespace {
using gr::advphy::refuse;
using SoapySDR::Kwargs;
using strings = std::vector<std::string>;
const std::string driver = "advphy_standin";
// Also of its antennas, by which a block recognizes it.
const std::string name = "stand-in";

class standin_device : public SoapySDR::Device
{
public:
    explicit standin_device(const Kwargs& args) : d_air(gr::advphy::station_of(args)) { }

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
        tune(direction);
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
        tune(direction);
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
    int activateStream(SoapySDR::Stream* stream, int flags, long long, size_t) override
    {
        return flags ? SOAPY_SDR_NOT_SUPPORTED : turn(stream, true);
    }
    int deactivateStream(SoapySDR::Stream* stream, int flags, long long) override
    {
        return flags ? SOAPY_SDR_NOT_SUPPORTED : turn(stream, false);
    }

    int readStream(SoapySDR::Stream*,
                   void* const* buffers,
                   size_t wanted,
                   int& flags,
                   long long&,
                   long timeout_us) override
    {
        using reading = gr::advphy::station::reading;
        flags = 0;
        size_t delivered = 0;
        const auto found = d_air->read(static_cast<gr::advphy::sample*>(buffers[0]),
                                       wanted,
                                       delivered,
                                       std::chrono::microseconds(timeout_us));
        if (found == reading::overflow)
            return SOAPY_SDR_OVERFLOW;
        return found == reading::samples ? int(delivered) : SOAPY_SDR_TIMEOUT;
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

    void tune(int direction)
    {
        const bool transmitter = direction == SOAPY_SDR_TX;
        d_air->tune(transmitter, d_frequency[direction], d_gain_db[direction]);
    }

    int turn(SoapySDR::Stream* stream, bool on)
    {
        if (transmits(stream))
            d_air->switch_transmitter(on);
        else
            d_air->switch_receiver(on);
        return 0;
    }

    std::shared_ptr<gr::advphy::station> d_air;
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
