// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared_air.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <unistd.h>

namespace gr::advphy {

namespace {
constexpr int64_t queue = 65536; // samples that a transmitter may be ahead
constexpr int64_t tick = 8192; // samples per step
constexpr int64_t worth_it = 1024; // fewer samples are not handed over at once
constexpr auto nap = std::chrono::microseconds(100);
constexpr double averaged = 1e5; // samples, for the power that arrives

void raise_to(std::atomic<int64_t>& clock, int64_t time)
{
    int64_t seen = clock;
    while (seen < time && !clock.compare_exchange_weak(seen, time))
        ;
}
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
        throw std::invalid_argument("stand-in radio: record = '" + settings.record +
                                    "' cannot be written");
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
        throw std::invalid_argument(
            "stand-in radio: air '" + d_settings.air + "' runs at " +
            std::to_string(int64_t(common)) + " samples/s, not " +
            std::to_string(int64_t(sample_rate)) + "; give all its stations one rate");
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

// Notice new transmitters and changed paths.
void shared_air::learn_paths()
{
    auto& control = d_memory.control();
    const uint64_t changes = control.changes;
    for (size_t i = 0; i < air_stations; ++i) {
        air_sender& one = control.senders[i];
        heard& known = d_heard[i];
        const uint32_t life = one.life;
        if (life % 2 == 0 || (known.life == life && known.changes == changes))
            continue;
        auto path = d_memory.path(one.name, d_settings.name.c_str());
        if (!path) {
            path = d_settings.path.value_or(path_settings());
            d_memory.set_path(one.name, d_settings.name.c_str(), *path);
        }
        const double apart = one.frequency - d_frequency[false];
        path->cfo += apart;
        if (std::abs(apart) > rate() / 2)
            path->gain_db = -1000; // another channel
        if (known.life != life)
            meet(i, *path);
        else
            known.path->change(*path, rate());
        known.life = life;
        known.changes = changes;
    }
}

void shared_air::meet(size_t place, const path_settings& path)
{
    const air_sender& one = d_memory.control().senders[place];
    heard& known = d_heard[place];
    const auto origin = double(receiver().time - one.origin);
    known.path = std::make_unique<air_path>(path, rate(), origin);
    receiver().needed[place] = std::max<int64_t>(0, known.path->first());
    receiver().power[place] = 0;
    note(std::string("hears ") + one.name);
    if (!d_record.is_open())
        return;
    const auto [part, first] = d_parts.try_emplace(one.name);
    if (first)
        part->second.open(d_settings.record + "." + one.name, std::ios::binary);
    part->second.seekp(d_delivered * int64_t(sizeof(sample)));
    known.record = &part->second;
}

// Samples, up to `wanted`, for which all transmitters have sent what is needed.
int64_t shared_air::ready(int64_t wanted)
{
    for (auto& [place, known] : d_heard) {
        const air_sender& one = d_memory.control().senders[place];
        if (!known.path || !one.streaming || one.starved)
            continue;
        const auto more = int64_t(known.path->needed(size_t(tick))) - tick;
        const int64_t there = one.written.load(std::memory_order_acquire);
        wanted = std::min(wanted, there - known.path->first() - more);
    }
    return wanted;
}

void shared_air::give_up_senders(int64_t wanted, bool stalled)
{
    for (auto& [place, known] : d_heard) {
        air_sender& one = d_memory.control().senders[place];
        if (!known.path || !one.streaming || one.starved)
            continue;
        const auto more = int64_t(known.path->needed(size_t(tick))) - tick;
        if (!alive(true, place))
            one.streaming = 0;
        else if (stalled && one.written - known.path->first() - more < wanted)
            one.starved = 1;
    }
}

air::reading
shared_air::read(sample* samples, size_t count, size_t& delivered, microseconds timeout)
{
    const std::lock_guard<std::mutex> lock(d_receiving_mutex);
    if (d_receiver == air_stations || !receiver().streaming)
        return reading::timeout;
    const auto begin = clock::now(), end = begin + timeout;
    const auto stall = std::chrono::milliseconds(d_settings.stall_ms);
    if (receiver().lagging.exchange(0)) {
        ++receiver().overflows;
        note("overflow");
        advance(std::max<int64_t>(0, d_memory.control().clock - receiver().time));
        return reading::overflow;
    }
    const auto most = std::min(int64_t(count), tick);
    for (;;) {
        learn_paths();
        int64_t wanted = most;
        if (d_settings.paced)
            wanted = std::min(wanted, d_receiving.due(rate()));
        const int64_t found = wanted > 0 ? ready(wanted) : 0;
        const auto now = clock::now();
        if (found >= std::min(most, worth_it) || (found > 0 && now >= end)) {
            mix(found);
            std::copy_n(d_noisy.begin(), found, samples);
            delivered = size_t(found);
            break;
        }
        if (wanted > 0)
            give_up_senders(std::min(wanted, worth_it), now - begin > stall);
        if (now >= std::max(end, begin + stall + nap) || !receiver().streaming)
            return reading::timeout;
        std::this_thread::sleep_for(nap);
    }
    if (d_settings.overflow_every && d_delivered >= d_next_loss) {
        d_next_loss += int64_t(d_settings.overflow_every);
        advance(int64_t(d_settings.overflow_samples));
        note("overflow");
        return reading::overflow;
    }
    return reading::samples;
}

// The next samples at the receiver, in d_noisy.
void shared_air::mix(int64_t count)
{
    d_sum.assign(size_t(count), { 0, 0 });
    for (auto& [place, known] : d_heard)
        if (known.path)
            add_from(place, count);
    d_noisy.clear();
    d_input->pass(d_sum.data(), size_t(count), d_noisy);
    for (sample& one : d_noisy)
        one *= float(d_gain[false]);
    if (d_record.is_open())
        d_record.write(reinterpret_cast<const char*>(d_noisy.data()),
                       count * int64_t(sizeof(sample)));
    d_delivered += count;
    d_receiving.samples += count;
    receiver().time += count;
    for (auto& [place, known] : d_heard)
        if (known.path)
            receiver().needed[place] = std::max<int64_t>(0, known.path->first());
    raise_to(d_memory.control().clock, receiver().time);
}

void shared_air::add_from(size_t place, int64_t count)
{
    heard& known = d_heard[place];
    const air_sender& one = d_memory.control().senders[place];
    const sample* ring = d_memory.ring(place);
    const auto needed = int64_t(known.path->needed(size_t(count)));
    const int64_t first = known.path->first();
    const int64_t written = one.written.load(std::memory_order_acquire);
    const int64_t oldest = std::max<int64_t>(0, written - int64_t(air_ring));
    d_sent.assign(size_t(needed), { 0, 0 });
    for (int64_t i = std::max(first, oldest); i < std::min(first + needed, written); ++i)
        d_sent[size_t(i - first)] = ring[size_t(i) % air_ring];
    d_part.assign(size_t(count), { 0, 0 });
    known.path->add(d_sent.data(), receiver().time, size_t(count), d_part.data());
    double power = 0;
    for (size_t i = 0; i < size_t(count); ++i) {
        d_sum[i] += d_part[i];
        power += std::norm(d_part[i]);
    }
    auto& mean = receiver().power[place];
    const double share = std::min(1.0, double(count) / averaged);
    mean = mean + share * (power / double(count) - mean);
    if (known.record) {
        for (sample& part : d_part)
            part *= float(d_gain[false]);
        known.record->write(reinterpret_cast<const char*>(d_part.data()),
                            count * int64_t(sizeof(sample)));
    }
}

// Lose samples.
void shared_air::advance(int64_t count)
{
    for (auto& [place, known] : d_heard)
        if (known.path)
            known.path->skip(count);
    receiver().time += count;
    raise_to(d_memory.control().clock, receiver().time);
}

} // namespace gr::advphy
