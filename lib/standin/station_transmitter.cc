// SPDX-License-Identifier: GPL-3.0-or-later
// What a station does as a transmitter.
#include "station.h"
#include <algorithm>
#include <cmath>

namespace gr::advphy {

namespace {
// Samples that a transmitter may be ahead. A half of the shortest tail of zeros of an
// sdr_sink.
constexpr int64_t transmit_queue = 65536;
} // namespace

void station::switch_transmitter(bool on)
{
    const std::lock_guard<std::mutex> lock(d_sending_mutex);
    if (d_sender == air_stations)
        return;
    run_clock();
    air_sender& mine = sender();
    if (d_private && on != bool(mine.streaming))
        note(on ? "tx on" : "tx off", d_on_air);
    d_ahead = 0; // a radio that is turned off never sends its queue
    d_starved = true; // there is no underrun before the first sample
    if (d_private)
        d_record.flush();
    if (on && !d_private) {
        if (mine.life % 2 == 0) { // its first start
            mine.origin = d_memory.control().clock + int64_t(d_settings.lead);
            ++mine.life;
        }
        d_sending = {};
        resume_sending();
    }
    mine.streaming = on;
    run_clock(); // starts with the first that is switched on
}

// Samples that the transmitter may write now.
int64_t station::room()
{
    if (d_private && d_settings.paced)
        return transmit_queue - d_ahead;
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
        return (d_private ? receive_queue : transmit_queue) - (written - behind);
    }
    if (d_private)
        return d_receiver_expected ? 0 : tick;
    // Nobody listens: the clock goes on by itself.
    const int64_t left = d_settings.paced ? due(d_sending) : tick;
    if (left > 0)
        raise_to(control.clock, sender().origin + written + left);
    return left;
}

// No longer wait for receivers that have died, or have not moved.
void station::give_up_receivers(bool stalled)
{
    const int64_t written = sender().written;
    for (size_t i = 0; i < air_stations; ++i) {
        air_receiver& one = d_memory.control().receivers[i];
        if (!one.streaming || one.lagging)
            continue;
        if (!alive(false, i))
            one.streaming = 0;
        else if (stalled && written - one.needed[d_sender] >= transmit_queue)
            one.lagging = 1;
    }
}

// Run a private, paced air up to the current time.
void station::run_clock()
{
    if (!d_private || !d_settings.paced)
        return;
    const bool sending = sender().streaming;
    if (!sending && !receiver().streaming) {
        d_sending = {};
        return;
    }
    auto left = std::max<int64_t>(0, due(d_sending));
    d_sending.samples += left;
    while (left > 0) {
        const int64_t size = std::min(left, tick), sent = std::min(size, d_ahead);
        if (sending && sent < size && !d_starved)
            note("underrun", d_on_air + sent, true);
        d_starved = d_starved ? sent == 0 : sent < size;
        put(nullptr, size - sent);
        publish(size);
        left -= size;
    }
}

// Zeros up to the present, in which nothing was sent.
void station::resume_sending()
{
    air_sender& mine = sender();
    const int64_t now = d_memory.control().clock + int64_t(d_settings.lead);
    const int64_t gap = now - mine.origin - mine.written;
    if (gap > 0) {
        const auto zeros = std::min(gap, air_ring);
        mine.written += gap - zeros;
        put(nullptr, zeros);
        publish(zeros);
    }
    mine.starved = 0;
}

// Put samples, or zeros, into the ring.
void station::put(const sample* samples, int64_t count)
{
    sample* ring = d_memory.ring(d_sender);
    const auto gain = float(std::pow(10.0, d_gain_db[true] / 20));
    in_ring(sender().written + d_ahead, count, [&](int64_t at, int64_t done, int64_t n) {
        if (!samples)
            std::fill_n(ring + at, n, sample(0, 0));
        for (int64_t i = 0; samples && i < n; ++i)
            ring[at + i] = gain * samples[done + i];
    });
    d_ahead += count;
}

// Let samples that were put go on the air.
void station::publish(int64_t count)
{
    air_sender& mine = sender();
    const int64_t written = mine.written;
    if (d_private && mine.streaming) {
        d_on_air += count;
        const sample* ring = d_memory.ring(d_sender);
        if (d_record.is_open())
            in_ring(written, count, [&](int64_t at, int64_t, int64_t n) {
                write_samples(d_record, ring + at, n);
            });
    }
    d_ahead -= count;
    mine.written.store(written + count, std::memory_order_release);
}

size_t station::write(const sample* samples, size_t count, microseconds timeout)
{
    std::unique_lock<std::mutex> lock(d_sending_mutex);
    const auto begin = clock::now(), end = begin + std::max(timeout, patience());
    for (;;) {
        run_clock();
        if (d_sender == air_stations || !sender().streaming)
            return 0;
        const int64_t free = room();
        if (free > 0) {
            count = size_t(std::min({ int64_t(count), free, tick }));
            break;
        }
        const auto now = clock::now();
        if (!d_private)
            give_up_receivers(now - begin > patience() - nap);
        if (now >= end)
            return 0;
        rest(lock);
    }
    if (sender().starved) {
        ++sender().underruns;
        resume_sending();
    }
    put(samples, int64_t(count));
    if (!d_private || !d_settings.paced) {
        publish(int64_t(count));
        d_sending.samples += int64_t(count);
    }
    return count;
}

} // namespace gr::advphy
