// SPDX-License-Identifier: GPL-3.0-or-later
// The air that stand-in radios of any number of processes share. What several
// transmitters send adds at each receiver, each through its own path (air_path.h).
//
// All have one clock, which counts samples. It runs in real time at most (unless paced is
// 0), and waits for those who are late, so nothing is lost only because the computer is
// busy. Who makes no progress for `stall_ms` is no longer waited for: a transmitter is
// silent then (an underrun), a receiver loses samples (an overflow). Who has died is not
// waited for at all.
//
// Cost per sample: that of each path, and the noise. Reference: tests/qa_shared_air.py.
#pragma once
#include "air.h"
#include "air_memory.h"
#include "standin_channel.h"
#include <fstream>
#include <map>
#include <memory>
#include <mutex>

namespace gr::advphy {

struct station_settings {
    std::string air, name;
    impairments impaired; // at the receiver's input, without those of paths
    std::optional<path_settings> path; // from transmitters that `paths` does not name
    std::map<std::string, path_settings> paths;
    uint64_t overflow_every = 0, overflow_samples = 1;
    uint64_t paced = 1;
    uint64_t stall_ms = 500;
    uint64_t lead = 16384; // samples from a transmitter's start to its first on the air
    std::string record; // what the receiver hears; record.NAME: its part from NAME
};

class shared_air : public air
{
public:
    explicit shared_air(const station_settings& settings);

    void join(bool as_transmitter) override;
    void leave(bool as_transmitter) override;
    void set_sample_rate(double sample_rate) override;
    void set_gain(bool of_transmitter, double gain_db) override;
    void set_frequency(bool of_transmitter, double frequency) override;
    void switch_transmitter(bool on) override;
    void switch_receiver(bool on) override;
    size_t write(const sample* samples, size_t count, microseconds timeout) override;
    reading
    read(sample* samples, size_t count, size_t& delivered, microseconds timeout) override;

private:
    static constexpr int64_t tick = 8192; // samples per step
    static constexpr auto nap = microseconds(100);

    struct heard { // a transmitter, as this receiver knows it
        uint32_t life = 0;
        uint64_t changes = 0;
        double offset = 0; // of the carriers, Hz
        std::unique_ptr<air_path> path;
        std::ofstream* record = nullptr;
    };
    // Real time since a start, in samples.
    struct pace {
        clock::time_point begin;
        int64_t samples = 0;
        bool running = false;
        int64_t due(double sample_rate);
    };

    air_sender& sender() { return d_memory.control().senders[d_sender]; }
    air_receiver& receiver() { return d_memory.control().receivers[d_receiver]; }
    bool alive(bool of_sender, size_t place) const;
    double rate() { return d_memory.control().sample_rate; }
    int64_t room();
    void give_up_receivers(bool stalled);
    void resume_sending();
    void put(const sample* samples, int64_t count);
    void learn_paths();
    void meet(size_t place, const path_settings& path);
    int64_t ready(int64_t wanted);
    void give_up_senders(int64_t wanted, bool stalled);
    void mix(int64_t count);
    void add_from(size_t place, int64_t count);
    void advance(int64_t count);
    void note(const std::string& event);

    const station_settings d_settings;
    air_memory d_memory;
    size_t d_sender = air_stations, d_receiver = air_stations; // none yet
    std::mutex d_sending_mutex, d_receiving_mutex;
    std::atomic<double> d_gain[2] = { 1, 1 }, d_frequency[2] = { 0, 0 }; // [transmitter]
    pace d_sending, d_receiving;
    std::map<size_t, heard> d_heard;
    std::unique_ptr<standin_channel> d_input;
    int64_t d_delivered = 0, d_next_loss = 0;
    std::vector<sample> d_sent, d_part, d_sum, d_noisy;
    std::ofstream d_record, d_events;
    std::map<std::string, std::ofstream> d_parts; // by the transmitter's name
};

} // namespace gr::advphy
