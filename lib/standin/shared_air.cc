// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared_air.h"
#include <algorithm>
#include <cmath>
#include <thread>

namespace gr::advphy {

namespace {
constexpr int64_t queue = 65536; // samples that a transmitter may be ahead
} // namespace

int64_t shared_air::pace::due(double sample_rate)
{
    const auto now = clock::now();
    const std::chrono::duration<double> passed = now - begin;
    const auto should = int64_t(passed.count() * sample_rate);
    // Who was waited for need not catch up more than that.
    if (!running || should - samples > int64_t(0.2 * sample_rate)) {
        running = true;
        begin = now;
        samples = 0;
        return 0;
    }
    return should - samples;
}

shared_air::shared_air(const station_settings& settings)
    : d_settings(settings), d_memory(settings.air),
      d_next_loss(int64_t(settings.overflow_every))
{
    if (settings.record.empty())
        return;
    d_record.open(settings.record, std::ios::binary | std::ios::trunc);
    d_events.open(settings.record + ".events", std::ios::trunc);
    if (!d_record || !d_events)
        refuse("record = '" + settings.record + "' cannot be written");
}

void shared_air::join(bool as_transmitter)
{
    const char* name = d_settings.name.c_str();
    (as_transmitter ? d_sender : d_receiver) = d_memory.take_place(as_transmitter, name);
    if (as_transmitter)
        return;
    if (d_settings.path)
        d_memory.forget_paths(name);
    for (const auto& [from, path] : d_settings.paths)
        d_memory.set_path(from.c_str(), name, path);
}

void shared_air::leave(bool as_transmitter)
{
    as_transmitter ? switch_transmitter(false) : switch_receiver(false);
    auto& place = as_transmitter ? d_sender : d_receiver;
    d_memory.free_place(as_transmitter, place);
    place = air_stations;
}

void shared_air::set_sample_rate(double sample_rate)
{
    double& common = d_memory.control().sample_rate;
    if (common != 0 && common != sample_rate && !d_memory.alone())
        refuse("air '" + d_settings.air + "' runs at " + std::to_string(int64_t(common)) +
               " samples/s, not " + std::to_string(int64_t(sample_rate)) +
               "; give all its stations one rate");
    common = sample_rate;
    for (const auto& named : d_settings.paths)
        check_path(named.second, sample_rate);
    if (d_settings.path)
        check_path(*d_settings.path, sample_rate);
}

void shared_air::set_gain(bool of_transmitter, double gain_db)
{
    d_gain[of_transmitter] = std::pow(10.0, gain_db / 20);
    if (of_transmitter && d_sender < air_stations)
        sender().gain_db = gain_db;
    if (!of_transmitter && d_receiver < air_stations)
        receiver().gain_db = gain_db;
}

void shared_air::set_frequency(bool of_transmitter, double frequency)
{
    d_frequency[of_transmitter] = frequency;
    if (of_transmitter && d_sender < air_stations)
        sender().frequency = frequency;
    if (!of_transmitter && d_receiver < air_stations)
        receiver().frequency = frequency;
    ++d_memory.control().changes;
}

void shared_air::switch_transmitter(bool on)
{
    if (d_sender < air_stations)
        sender().streaming = 0; // ends a wait of write()
    const std::lock_guard<std::mutex> lock(d_sending_mutex);
    if (!on)
        return;
    if (sender().life % 2 == 0) { // its first start
        sender().origin = d_memory.control().clock + int64_t(d_settings.lead);
        ++sender().life;
    }
    sender().frequency = d_frequency[true];
    sender().gain_db = 20 * std::log10(d_gain[true]);
    d_sending = {};
    resume_sending();
    sender().streaming = 1;
}

void shared_air::switch_receiver(bool on)
{
    if (d_receiver < air_stations)
        receiver().streaming = 0; // ends a wait of read()
    const std::lock_guard<std::mutex> lock(d_receiving_mutex);
    d_record.flush();
    for (auto& part : d_parts)
        part.second.flush();
    if (!on)
        return;
    air_receiver& mine = receiver();
    mine.frequency = d_frequency[false];
    mine.gain_db = 20 * std::log10(d_gain[false]);
    mine.noise_variance = d_settings.impaired.noise_variance;
    mine.time = d_memory.control().clock.load();
    mine.lagging = 0;
    d_input = std::make_unique<standin_channel>(d_settings.impaired, rate());
    d_heard.clear();
    d_receiving = {};
    note("rx on");
    mine.streaming = 1;
}

void shared_air::note(const std::string& event)
{
    if (d_events.is_open())
        d_events << event << ' ' << receiver().time << std::endl;
}

// A lock of one's own does not stand in one's own way.
bool shared_air::alive(bool of_sender, size_t place) const
{
    return place == (of_sender ? d_sender : d_receiver) ||
           d_memory.alive(of_sender, place);
}

// Samples that the transmitter may write now.
int64_t shared_air::room()
{
    auto& control = d_memory.control();
    const int64_t written = sender().written;
    int64_t behind = written;
    bool heard = false;
    for (air_receiver& one : control.receivers)
        if (one.streaming && !one.lagging) {
            heard = true;
            behind = std::min(behind, one.needed[d_sender].load());
        }
    if (heard) {
        d_sending = {};
        return queue - (written - behind);
    }
    // Nobody listens: the clock goes on by itself.
    const int64_t due = d_settings.paced ? d_sending.due(rate()) : tick;
    if (due > 0)
        raise_to(control.clock, sender().origin + written + due);
    return due;
}

// No longer wait for receivers that have died, or have not moved.
void shared_air::give_up_receivers(bool stalled)
{
    const int64_t written = sender().written;
    for (size_t i = 0; i < air_stations; ++i) {
        air_receiver& one = d_memory.control().receivers[i];
        if (!one.streaming || one.lagging)
            continue;
        if (!alive(false, i))
            one.streaming = 0;
        else if (stalled && written - one.needed[d_sender] >= queue)
            one.lagging = 1;
    }
}

// Zeros up to the present, in which nothing was sent.
void shared_air::resume_sending()
{
    air_sender& mine = sender();
    const int64_t now = d_memory.control().clock + int64_t(d_settings.lead);
    const int64_t gap = now - mine.origin - mine.written;
    if (gap > 0) {
        const std::vector<sample> zeros(size_t(std::min<int64_t>(gap, air_ring)));
        mine.written += gap - int64_t(zeros.size());
        put(zeros.data(), int64_t(zeros.size()));
    }
    mine.starved = 0;
}

void shared_air::put(const sample* samples, int64_t count)
{
    air_sender& mine = sender();
    sample* ring = d_memory.ring(d_sender);
    const int64_t written = mine.written;
    const auto gain = float(d_gain[true]);
    for (int64_t i = 0; i < count; ++i)
        ring[size_t(written + i) % air_ring] = gain * samples[i];
    mine.written.store(written + count, std::memory_order_release);
}

size_t shared_air::write(const sample* samples, size_t count, microseconds timeout)
{
    const std::lock_guard<std::mutex> lock(d_sending_mutex);
    if (d_sender == air_stations || !sender().streaming)
        return 0;
    const auto begin = clock::now(), end = begin + timeout;
    const auto stall = std::chrono::milliseconds(d_settings.stall_ms);
    int64_t free;
    while ((free = room()) <= 0) {
        const auto now = clock::now();
        give_up_receivers(now - begin > stall);
        // A call waits longer than asked only to find out who has stalled.
        if (now >= std::max(end, begin + stall + nap) || !sender().streaming)
            return 0;
        std::this_thread::sleep_for(nap);
    }
    if (sender().starved) {
        ++sender().underruns;
        resume_sending();
    }
    const auto taken = std::min({ int64_t(count), free, tick });
    put(samples, taken);
    d_sending.samples += taken;
    return size_t(taken);
}

} // namespace gr::advphy
