// SPDX-License-Identifier: GPL-3.0-or-later
// What a station does as a receiver.
#include "random/gaussian.h"
#include "station.h"
#include <algorithm>
#include <cmath>
#include <numeric>

namespace gr::advphy {

namespace {
constexpr int64_t worth_it = 1024; // fewer samples are not handed over at once
constexpr double averaged = 1e5; // samples, for the power that arrives
} // namespace

void station::switch_receiver(bool on)
{
    const both_locks locks(d_receiving_mutex, d_sending_mutex);
    if (d_receiver == air_stations)
        return;
    run_clock();
    air_receiver& mine = receiver();
    d_receiver_expected = on;
    d_record.flush();
    for (auto& part : d_parts)
        part.second.flush();
    if (on) {
        mine.lagging = 0;
        d_heard.clear();
        d_receiving = {};
        d_late = d_reported = false;
        d_begin = mine.time = d_private ? 0 : d_memory.control().clock.load();
    }
    if (on && d_private) {
        d_delivered = 0;
        d_next_loss = int64_t(d_settings.overflow_every);
        sender().origin = -sender().written;
        meet(d_sender, d_settings.path.value_or(path_settings()));
    } else if (on) {
        note("rx on", mine.time);
    }
    mine.streaming = on;
    run_clock(); // starts with the first that is switched on
}

// Notice new transmitters and changed paths.
void station::learn_paths()
{
    auto& control = d_memory.control();
    const uint64_t changes = control.changes;
    for (size_t i = 0; i < air_stations; ++i) {
        air_sender& one = control.senders[i];
        const uint32_t life = one.life;
        const auto met = d_heard.find(i);
        if (life % 2 == 0 || (met != d_heard.end() && met->second.life == life &&
                              met->second.changes == changes))
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
        heard& known = d_heard[i];
        if (known.life != life)
            meet(i, *path);
        else
            known.path->change(*path, rate());
        known.life = life;
        known.changes = changes;
    }
}

void station::meet(size_t place, const path_settings& path)
{
    const air_sender& one = d_memory.control().senders[place];
    heard& known = d_heard[place];
    const auto origin = double(receiver().time - one.origin);
    known.path = std::make_unique<air_path>(path, rate(), origin);
    receiver().power[place] = 0;
    move_on(0);
    if (d_private)
        return;
    note(std::string("hears ") + one.name, receiver().time);
    if (!d_record.is_open())
        return;
    const auto [part, first] = d_parts.try_emplace(one.name);
    if (first)
        part->second.open(d_settings.record + "." + one.name, std::ios::binary);
    part->second.seekp(d_delivered * int64_t(sizeof(sample)));
    known.record = &part->second;
}

// Samples that the receiver can make of what a transmitter has sent.
int64_t station::made_of(const heard& known, const air_sender& one) const
{
    const auto more = int64_t(known.path->needed(size_t(tick))) - tick;
    return one.written.load(std::memory_order_acquire) - known.path->first() - more;
}

// Samples, up to `wanted`, for which all transmitters have sent what is needed.
int64_t station::ready(int64_t wanted)
{
    for (auto& [place, known] : d_heard) {
        const air_sender& one = d_memory.control().senders[place];
        if (d_private || (one.streaming && !one.starved))
            wanted = std::min(wanted, made_of(known, one));
    }
    return wanted;
}

void station::give_up_senders(int64_t wanted, bool stalled)
{
    for (auto& [place, known] : d_heard) {
        air_sender& one = d_memory.control().senders[place];
        if (!one.streaming || one.starved)
            continue;
        if (!alive(true, place))
            one.streaming = 0;
        else if (stalled && made_of(known, one) < wanted)
            one.starved = 1;
    }
}

// On a private, paced air, lose what does not fit into the receiver's queue.
void station::fall_behind()
{
    if (!d_settings.paced)
        return;
    const std::lock_guard<std::mutex> lock(d_sending_mutex);
    run_clock();
    const auto& path = d_heard[d_sender].path;
    const auto delay = int64_t(d_settings.path.value_or(path_settings()).delay);
    const int64_t late = sender().written - path->first() - delay - receive_queue;
    if (late > 0) {
        d_late = true;
        advance(late);
    }
}

// Lose samples if it is time for it; return whether it was.
bool station::lose()
{
    if (receiver().lagging.exchange(0)) {
        ++receiver().overflows;
        note("overflow", receiver().time, true);
        advance(std::max<int64_t>(0, d_memory.control().clock - receiver().time));
        return true;
    }
    const bool injected =
        d_settings.overflow_every && d_delivered >= d_next_loss && ready(1) > 0;
    if (d_reported || !(injected || d_late))
        return false;
    if (injected) {
        advance(int64_t(d_settings.overflow_samples));
        d_next_loss += int64_t(d_settings.overflow_every);
    }
    note("overflow", d_private ? d_delivered : receiver().time.load(), true);
    d_late = false;
    d_reported = true;
    return true;
}

void station::advance(int64_t count)
{
    for (auto& [place, known] : d_heard)
        known.path->skip(count);
    move_on(count);
}

// The receiver's time goes on; transmitters may overwrite what it no longer needs.
void station::move_on(int64_t count)
{
    receiver().time += count;
    for (auto& [place, known] : d_heard)
        receiver().needed[place] = std::max<int64_t>(0, known.path->first());
    raise_to(d_memory.control().clock, receiver().time);
}

station::reading
station::read(sample* samples, size_t count, size_t& delivered, microseconds timeout)
{
    std::unique_lock<std::mutex> lock(d_receiving_mutex);
    const auto begin = clock::now(), end = begin + timeout;
    const auto longest = std::max(end, begin + patience());
    for (;;) {
        if (d_receiver == air_stations || !receiver().streaming)
            return reading::timeout;
        d_private ? fall_behind() : learn_paths();
        if (lose())
            return reading::overflow;
        auto most = std::min(int64_t(count), tick);
        if (d_settings.overflow_every && d_delivered < d_next_loss)
            most = std::min(most, d_next_loss - d_delivered);
        int64_t wanted = most;
        if (!d_private && d_settings.paced)
            wanted = std::min(wanted, due(d_receiving));
        const int64_t found = wanted > 0 ? ready(wanted) : 0;
        const auto now = clock::now();
        const int64_t enough = d_private ? 1 : std::min(most, worth_it);
        if (found >= enough || (found > 0 && now >= end)) {
            mix(samples, found);
            delivered = size_t(found);
            return reading::samples;
        }
        if (!d_private && wanted > 0)
            give_up_senders(std::min(wanted, worth_it), now - begin > patience() - nap);
        if (now >= longest)
            return reading::timeout;
        rest(lock);
    }
}

void station::mix(sample* samples, int64_t count)
{
    std::fill_n(samples, count, sample(0, 0));
    for (auto& [place, known] : d_heard)
        add_from(place, samples, count);
    impair(samples, count);
    amplify(samples, count);
    if (!d_private && d_record.is_open())
        write_samples(d_record, samples, count);
    d_reported = false;
    d_delivered += count;
    d_receiving.samples += count;
    move_on(count);
}

void station::amplify(sample* samples, int64_t count) const
{
    const auto gain = float(std::pow(10.0, d_gain_db[false] / 20));
    for (int64_t i = 0; gain != 1 && i < count; ++i)
        samples[i] *= gain;
}

// What a transmitter has sent from `first` on: in the ring, or a copy, 0 where lost.
const sample* station::sent_from(size_t place, int64_t first, int64_t count)
{
    const sample* ring = d_memory.ring(place);
    const int64_t written =
        d_memory.control().senders[place].written.load(std::memory_order_acquire);
    const int64_t begin = std::max({ first, written - air_ring, int64_t(0) });
    const int64_t end = std::min(first + count, written);
    if (begin == first && end == first + count && first % air_ring + count <= air_ring)
        return ring + first % air_ring;
    d_sent.assign(size_t(count), { 0, 0 });
    in_ring(begin, end - begin, [&](int64_t at, int64_t done, int64_t n) {
        std::copy_n(ring + at, n, d_sent.data() + (begin - first) + done);
    });
    return d_sent.data();
}

void station::add_from(size_t place, sample* samples, int64_t count)
{
    heard& known = d_heard[place];
    const auto needed = int64_t(known.path->needed(size_t(count)));
    const sample* sent = sent_from(place, known.path->first(), needed);
    d_part.assign(size_t(count), { 0, 0 });
    known.path->add(sent, receiver().time, size_t(count), d_part.data());
    float powers[8] = {}; // sums that a compiler makes a vector of
    const auto* reals = reinterpret_cast<const float*>(d_part.data());
    auto* sums = reinterpret_cast<float*>(samples);
    for (int64_t i = 0; i < 2 * count; ++i) {
        sums[i] += reals[i];
        powers[i % 8] += reals[i] * reals[i];
    }
    const double power = std::accumulate(powers, powers + 8, 0.0) / double(count);
    auto& mean = receiver().power[place];
    const double share = std::min(1.0, double(count) / averaged);
    mean = mean + share * (power - mean);
    if (known.record) {
        amplify(d_part.data(), count);
        write_samples(*known.record, d_part.data(), count);
    }
}

// Gain steps, noise, and bursts of NaN, in that order.
void station::impair(sample* samples, int64_t count)
{
    const auto first = uint64_t(receiver().time - d_begin), end = first + uint64_t(count);
    const station_settings& s = d_settings;
    const auto step = float(std::pow(10.0, s.gain_step_db / 20));
    for (uint64_t i = first; s.gain_step_every && i < end; ++i)
        if (i / s.gain_step_every % 2)
            samples[i - first] *= step;
    if (s.noise_variance > 0) {
        const draw normals{ s.seed, stream::noise, 2 * first, 2 * size_t(count) };
        auto* reals = reinterpret_cast<float*>(samples);
        add_gaussian(normals, float(std::sqrt(s.noise_variance)), reals, reals);
    }
    for (uint64_t i = first; s.nan_every && i < end; ++i)
        if (i >= s.nan_every && i % s.nan_every < s.nan_samples)
            samples[i - first] = { NAN, NAN };
}

} // namespace gr::advphy
