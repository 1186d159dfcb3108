// SPDX-License-Identifier: GPL-3.0-or-later
// The air of a stand-in radio: one transmitter and one receiver in one process.
//
// Unpaced, it is as fast as its two ends: the transmitter waits for the receiver, so
// nothing is lost but what is injected. Paced, it runs with the clock on the wall:
// zeros fill what the transmitter does not deliver (an underrun), and what the
// receiver does not fetch in time is lost (an overflow). After an overflow samples are
// delivered before the next one is reported: gr-soapy's source reads on inside work()
// as long as there are overflows. All memory is bounded, and so is the list of events.
#pragma once
#include "standin_channel.h"
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace gr::advphy {

struct air_settings {
    impairments channel;
    uint64_t overflow_every = 0; // samples delivered between two losses; 0: none
    uint64_t overflow_samples = 1;
    bool paced = false;
    double loss_db = 0; // between the transmitter and the receiver
    std::string record; // file for what is on the air, complex64; events next to it
};

class standin_air
{
public:
    using clock = std::chrono::steady_clock;
    enum class reading { samples, timeout, overflow };

    // Args: now: the time that a paced air keeps.
    explicit standin_air(std::function<clock::time_point()> now = clock::now);

    // The air of that name in this process; it lives as long as somebody holds it.
    static std::shared_ptr<standin_air> named(const std::string& name);

    void configure(const air_settings& settings);
    void set_sample_rate(double sample_rate);
    void set_transmit_gain(double gain_db);
    void set_receive_gain(double gain_db);

    // That there will be a receiver: an unpaced transmitter waits for it.
    void expect_receiver(bool expected);
    void switch_transmitter(bool on);
    void switch_receiver(bool on);

    // Take up to `count` samples; return how many before the time is over.
    size_t write(const sample* samples, size_t count, std::chrono::microseconds timeout);
    reading read(sample* samples,
                 size_t count,
                 size_t& delivered,
                 std::chrono::microseconds timeout);

private:
    void run_clock();
    void transmit(const sample* samples, size_t count, bool on_air);
    void note(const std::string& event, uint64_t index);
    void note_loss(const std::string& loss, uint64_t index);
    size_t room() const;
    bool take(sample* samples, size_t count, size_t& delivered, reading& found);

    const std::function<clock::time_point()> d_now;
    std::mutex d_mutex;
    std::condition_variable d_changed;
    air_settings d_settings;
    double d_sample_rate = 1e6;
    double d_transmit_gain_db = 0, d_receive_gain_db = 0;
    bool d_receiver_expected = false, d_transmitting = false, d_receiving = false;
    clock::time_point d_clock_start; // of the wall's clock, when one end is on
    uint64_t d_clock_samples = 0;
    uint64_t d_on_air = 0; // samples so far
    uint64_t d_delivered = 0, d_to_lose = 0;
    uint64_t d_next_loss = 0; // in delivered samples
    bool d_lost = false; // by a receiver too slow for a paced air
    bool d_reported = false; // an overflow, and nothing has been delivered since
    uint64_t d_losses = 0; // since the list of events was begun
    bool d_starved = false;
    std::unique_ptr<standin_channel> d_channel;
    std::deque<sample> d_waiting; // to be sent, paced
    std::deque<sample> d_arrived;
    std::vector<sample> d_block, d_received;
    std::ofstream d_record, d_events;
};

} // namespace gr::advphy
