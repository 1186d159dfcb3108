// SPDX-License-Identifier: GPL-3.0-or-later
// The air of a stand-in radio: one transmitter and one receiver in one process.
//
// Unpaced, it is as fast as its two ends: the transmitter waits for the receiver, so only
// injected losses occur. Paced, it runs in real time: zeros replace samples that the
// transmitter does not deliver (an underrun), and samples that the receiver does not
// fetch in time are lost (an overflow). After an overflow some samples are delivered
// before the next one is reported, because gr-soapy's source keeps reading inside work()
// while there are overflows. Memory and the list of events are limited.
#pragma once
#include "air.h"
#include "standin_channel.h"
#include <condition_variable>
#include <deque>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace gr::advphy {

struct air_settings : impairments {
    uint64_t overflow_every = 0; // samples delivered between two losses; 0: none
    uint64_t overflow_samples = 1;
    uint64_t paced = 0; // 0: as fast as possible; else in real time
    double loss_db = 0; // between the transmitter and the receiver
    std::string record; // file for the samples on the air, complex64; events next to it
};

class standin_air : public air
{
public:
    // now: clock of a paced air.
    explicit standin_air(std::function<clock::time_point()> now = clock::now);

    // The air of that name in this process; it exists as long as it is used.
    static std::shared_ptr<standin_air> named(const std::string& name);

    void configure(const air_settings& settings);
    void join(bool as_transmitter) override; // one of each
    void leave(bool as_transmitter) override;
    void set_sample_rate(double sample_rate) override;
    void set_gain(bool of_transmitter, double gain_db) override;
    void set_frequency(bool, double) override { }
    void switch_transmitter(bool on) override;
    void switch_receiver(bool on) override;
    size_t write(const sample* samples, size_t count, microseconds timeout) override;
    reading
    read(sample* samples, size_t count, size_t& delivered, microseconds timeout) override;

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
    bool d_taken[2] = { false, false }; // [as_transmitter]
    bool d_receiver_expected = false, d_transmitting = false, d_receiving = false;
    clock::time_point d_clock_start; // time at which the first end was switched on
    uint64_t d_clock_samples = 0;
    uint64_t d_on_air = 0; // samples so far
    uint64_t d_delivered = 0, d_to_lose = 0;
    uint64_t d_next_loss = 0; // in delivered samples
    bool d_lost = false; // the receiver was too slow for a paced air
    bool d_reported = false; // an overflow was reported, and no sample delivered since
    uint64_t d_losses = 0; // since the list of events was begun
    bool d_starved = false;
    std::unique_ptr<standin_channel> d_channel;
    std::deque<sample> d_waiting; // to be sent, paced
    std::deque<sample> d_arrived;
    std::vector<sample> d_block, d_received;
    std::ofstream d_record, d_events;
};

} // namespace gr::advphy
