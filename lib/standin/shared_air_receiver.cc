// SPDX-License-Identifier: GPL-3.0-or-later
// What a receiver of a shared air does: shared_air.cc has the transmitter.
#include "shared_air.h"
#include <algorithm>
#include <cmath>
#include <thread>

namespace gr::advphy {

namespace {
constexpr int64_t worth_it = 1024; // fewer samples are not handed over at once
constexpr double averaged = 1e5; // samples, for the power that arrives
} // namespace

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
