// SPDX-License-Identifier: GPL-3.0-or-later
// What a stand-in radio needs of the air that it is on.
#pragma once
#include "sample.h"
#include <chrono>
#include <stdexcept>
#include <string>

namespace gr::advphy {

[[noreturn]] inline void refuse(const std::string& what)
{
    throw std::invalid_argument("stand-in radio: " + what);
}

class air
{
public:
    using clock = std::chrono::steady_clock;
    using microseconds = std::chrono::microseconds;
    enum class reading { samples, timeout, overflow };

    virtual ~air() = default;
    // Become a transmitter or a receiver; std::invalid_argument if there is no place.
    virtual void join(bool as_transmitter) = 0;
    virtual void leave(bool as_transmitter) = 0;
    virtual void set_sample_rate(double sample_rate) = 0;
    virtual void set_gain(bool of_transmitter, double gain_db) = 0;
    virtual void set_frequency(bool of_transmitter, double frequency) = 0;
    virtual void switch_transmitter(bool on) = 0;
    virtual void switch_receiver(bool on) = 0;
    // Take up to `count` samples within the timeout; return their number.
    virtual size_t write(const sample* samples, size_t count, microseconds timeout) = 0;
    virtual reading
    read(sample* samples, size_t count, size_t& delivered, microseconds timeout) = 0;
};

} // namespace gr::advphy
