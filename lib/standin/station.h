// SPDX-License-Identifier: GPL-3.0-or-later
// A station: a transmitter, a receiver, or both, on the air of stand-in radios. What
// several transmitters send adds at each receiver, each through its own path
// (air/air_path.h), and then the receiver's input adds noise.
//
// An air has a clock that counts samples. Who keeps it depends on the air.
//
// A shared one has a name, and stations of any processes. It runs in real time at most
// (unless paced is 0), and waits for those who are late, so nothing is lost only because
// the computer is busy. Who makes no progress for `stall_ms` is no longer waited for: a
// transmitter is silent then (an underrun), a receiver loses samples (an overflow). Who
// has died is not waited for at all.
//
// A private one is a single station of a process that hears itself: one transmitter, one
// receiver. Unpaced, it is as fast as its two ends: each waits for the other, so only
// injected losses occur. Paced, it runs in real time and waits for nobody: zeros replace
// samples that the transmitter does not deliver (an underrun), and samples that the
// receiver does not fetch in time are lost (an overflow). After an overflow some samples
// are delivered before the next one is reported, because gr-soapy's source keeps reading
// inside work() while there are overflows. Memory and the list of events are limited.
//
// Cost per sample: that of each path, and the noise. References: tests/qa_shared_air.py,
// tests/qa_sdr_standin.py.
#pragma once
#include "air_memory.h"
#include <chrono>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

namespace gr::advphy {

struct station_settings {
    std::string name; // on a shared air
    std::optional<path_settings> path; // from transmitters that `paths` does not name
    std::map<std::string, path_settings> paths;
    // At the receiver's input. The noise is a pure function of the seed and the index.
    double noise_variance = 0; // per real dimension
    uint64_t gain_step_every = 0; // samples between two steps, up and down; 0: none
    double gain_step_db = 0;
    uint64_t nan_every = 0; // samples between the beginnings of two bursts; 0: none
    uint64_t nan_samples = 0;
    uint64_t seed = 1;
    uint64_t overflow_every = 0; // samples delivered between two losses; 0: none
    uint64_t overflow_samples = 1;
    uint64_t paced = 0; // 0: as fast as possible; else in real time, as a shared air is
    uint64_t stall_ms = 500; // after which the others do not wait for a station
    uint64_t lead = 16384; // samples from a transmitter's start to its first on the air
    // complex64, events next to it. Private: what is sent. Shared: what the receiver
    // hears; record.NAME: its part from NAME.
    std::string record;
};

class station
{
public:
    using clock = std::chrono::steady_clock;
    using microseconds = std::chrono::microseconds;
    enum class reading { samples, timeout, overflow };

    // air: name of a shared one. now: clock of a private and paced one.
    explicit station(const std::optional<std::string>& air,
                     std::function<clock::time_point()> now = clock::now);

    ~station();

    // The private air of that name in this process; it exists as long as it is used.
    static std::shared_ptr<station> named(const std::string& name);

    void configure(const station_settings& settings);
    // Become a transmitter or a receiver; std::invalid_argument if there is no place.
    void join(bool as_transmitter);
    void leave(bool as_transmitter);
    void set_sample_rate(double sample_rate);
    void tune(bool transmitter, double frequency, double gain_db);
    void switch_transmitter(bool on);
    void switch_receiver(bool on);
    // Take up to `count` samples within the timeout; return their number.
    size_t write(const sample* samples, size_t count, microseconds timeout);
    reading read(sample* samples, size_t count, size_t& delivered, microseconds timeout);

private:
    using both_locks = std::scoped_lock<std::mutex, std::mutex>;
    static constexpr int64_t tick = 8192; // samples per step
    static constexpr int64_t receive_queue = 262144; // samples, of a private air
    static constexpr auto nap = microseconds(100), private_nap = microseconds(500);

    struct heard { // a transmitter, as this receiver knows it
        uint32_t life = 0;
        uint64_t changes = 0;
        std::unique_ptr<air_path> path;
        std::ofstream* record = nullptr;
    };
    // Real time since a start, in samples.
    struct pace {
        clock::time_point begin;
        int64_t samples = 0;
        bool running = false;
    };

    air_sender& sender() { return d_memory.control().senders[d_sender]; }
    air_receiver& receiver() { return d_memory.control().receivers[d_receiver]; }
    bool alive(bool of_sender, size_t place) const;
    double rate() { return d_memory.control().sample_rate; }
    void describe();
    void open_record(const std::string& path);
    int64_t due(pace& of);
    microseconds patience() const;
    void rest(std::unique_lock<std::mutex>& lock) const;
    void note(const std::string& event, int64_t index, bool loss = false);

    int64_t room();
    void give_up_receivers(bool stalled);
    void run_clock();
    void resume_sending();
    void put(const sample* samples, int64_t count);
    void publish(int64_t count);

    void learn_paths();
    void meet(size_t place, const path_settings& path);
    int64_t made_of(const heard& known, const air_sender& one) const;
    int64_t ready(int64_t wanted);
    void give_up_senders(int64_t wanted, bool stalled);
    void fall_behind();
    bool lose();
    void advance(int64_t count);
    void move_on(int64_t count);
    void mix(sample* samples, int64_t count);
    void amplify(sample* samples, int64_t count) const;
    const sample* sent_from(size_t place, int64_t first, int64_t count);
    void add_from(size_t place, sample* samples, int64_t count);
    void impair(sample* samples, int64_t count);

    const bool d_private;
    const std::function<clock::time_point()> d_now;
    // Who needs both locks d_receiving_mutex first.
    std::mutex d_receiving_mutex, d_sending_mutex, d_events_mutex;
    station_settings d_settings;
    air_memory d_memory;
    size_t d_sender = air_stations, d_receiver = air_stations; // none yet
    bool d_taken[2] = { false, false }; // [as_transmitter], as below
    std::atomic<bool> d_receiver_expected = false;
    std::atomic<double> d_gain_db[2] = { 0, 0 }, d_frequency[2] = { 0, 0 };
    pace d_sending, d_receiving;
    int64_t d_ahead = 0; // samples in the ring that are not yet on the air
    int64_t d_on_air = 0; // samples so far
    bool d_starved = false;
    std::map<size_t, heard> d_heard;
    int64_t d_begin = 0; // time at which the receiver was switched on
    int64_t d_delivered = 0, d_next_loss = 0; // in delivered samples
    bool d_late = false; // the receiver was too slow for a private, paced air
    bool d_reported = false; // an overflow was reported, and no sample delivered since
    uint64_t d_losses = 0; // since the list of events was begun
    std::vector<sample> d_sent, d_part;
    std::ofstream d_record, d_events;
    int d_lock = -1; // on the events of a private air
    bool d_left_on = false; // by a program that died
    std::map<std::string, std::ofstream> d_parts; // by the transmitter's name
};

// The station of a device's arguments, SoapySDR's Kwargs (standin_arguments.cc);
// std::invalid_argument if one is not known or its value is bad.
using device_arguments = std::map<std::string, std::string>;
std::shared_ptr<station> station_of(const device_arguments& args);

inline void write_samples(std::ofstream& file, const sample* samples, int64_t count)
{
    file.write(reinterpret_cast<const char*>(samples), count * int64_t(sizeof(sample)));
}

} // namespace gr::advphy
