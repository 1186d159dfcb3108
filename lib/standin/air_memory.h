// SPDX-License-Identifier: GPL-3.0-or-later
// The memory that the processes of a shared air have in common: a file in /dev/shm with
// who is on the air, the paths between them, and a ring of samples for each transmitter.
// An air without a name has the same in memory that no other process can reach.
//
// It begins with the first process and ends with the last. A lock on a byte of the file
// says that its owner lives; the kernel releases it however a process ends. The layout is
// read and written by advphy_model/air/shared_air.py, too.
#pragma once
#include "air/air_path.h"
#include <algorithm>
#include <atomic>
#include <optional>
#include <stdexcept>
#include <string>

namespace gr::advphy {

[[noreturn]] inline void refuse(const std::string& what)
{
    throw std::invalid_argument("stand-in radio: " + what);
}

constexpr size_t air_stations = 8; // transmitters, and as many receivers
constexpr size_t air_paths = 64;
constexpr size_t air_name_bytes = 32;
constexpr int64_t air_ring = 1 << 20; // samples

struct air_sender {
    char name[air_name_bytes];
    int64_t pid;
    std::atomic<uint32_t> life; // odd from an owner's first start on, counts the owners
    std::atomic<uint32_t> streaming;
    std::atomic<uint32_t> starved; // receivers no longer wait for it
    std::atomic<uint32_t> underruns;
    std::atomic<int64_t> origin; // time on the air of its sample 0
    std::atomic<int64_t> written; // samples
    double frequency, gain_db;
};

struct air_receiver {
    char name[air_name_bytes];
    int64_t pid;
    std::atomic<uint32_t> streaming;
    std::atomic<uint32_t> lagging; // transmitters no longer wait for it
    std::atomic<uint32_t> overflows, unused;
    std::atomic<int64_t> time; // on the air, of its next sample
    std::atomic<int64_t> needed[air_stations]; // first sample of each that it still needs
    double frequency, gain_db, noise_variance;
    std::atomic<double> power[air_stations]; // of what arrives of each, recent mean
};

struct air_path_entry {
    char sender[air_name_bytes], receiver[air_name_bytes];
    path_settings settings;
};

struct air_control {
    uint64_t version; // of this layout, with its size
    double sample_rate; // 0: not yet set
    std::atomic<int64_t> clock; // time on the air, in samples
    std::atomic<uint64_t> changes; // of the paths
    air_sender senders[air_stations];
    air_receiver receivers[air_stations];
    air_path_entry paths[air_paths];
};

// Set a clock that never goes back.
inline void raise_to(std::atomic<int64_t>& clock, int64_t time)
{
    int64_t seen = clock;
    while (seen < time && !clock.compare_exchange_weak(seen, time))
        ;
}

// Call each(place in the ring, number done, number) for parts that lie together.
template <typename function> void in_ring(int64_t first, int64_t count, function each)
{
    for (int64_t done = 0, n; done < count; done += n) {
        const int64_t at = (first + done) % air_ring;
        n = std::min(count - done, air_ring - at);
        each(at, done, n);
    }
}

class air_memory
{
public:
    // Join the air of that name, or begin one without a name; throws
    // std::invalid_argument if that is not possible.
    explicit air_memory(const std::optional<std::string>& name);
    ~air_memory();
    air_memory(const air_memory&) = delete;

    air_control& control() { return *d_control; }
    const std::string& name() const { return d_name; }
    sample* ring(size_t sender);
    bool alone() const;

    // Take a free place under a name of one's own; return its index.
    size_t take_place(bool of_sender, const std::string& name);
    void free_place(bool of_sender, size_t place);
    bool alive(bool of_sender, size_t place) const;

    std::optional<path_settings> path(const char* sender, const char* receiver) const;
    void forget_paths(const char* receiver);
    void
    set_path(const char* sender, const char* receiver, const path_settings& settings);

private:
    void open_file();
    void begin();

    std::string d_name, d_path;
    int d_file = -1;
    void* d_mapped = nullptr;
    air_control* d_control = nullptr;
};

} // namespace gr::advphy
