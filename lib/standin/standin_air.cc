// SPDX-License-Identifier: GPL-3.0-or-later
#include "standin_air.h"
#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace gr::advphy {

namespace {
// The transmitter's queue is half of the shortest tail of zeros of an sdr_sink.
constexpr size_t transmit_queue = 65536;
constexpr size_t receive_queue = 262144;
constexpr size_t tick = 8192; // samples per step
constexpr uint64_t most_losses = 10000; // underruns and overflows that are recorded
} // namespace

standin_air::standin_air(std::function<clock::time_point()> now) : d_now(std::move(now))
{
}

std::shared_ptr<standin_air> standin_air::named(const std::string& name)
{
    static std::mutex mutex;
    static std::map<std::string, std::weak_ptr<standin_air>> airs;
    const std::lock_guard<std::mutex> lock(mutex);
    auto found = airs[name].lock();
    if (!found) {
        found = std::make_shared<standin_air>();
        airs[name] = found;
    }
    return found;
}

void standin_air::configure(const air_settings& settings)
{
    const std::lock_guard<std::mutex> lock(d_mutex);
    if (!settings.record.empty() && settings.record != d_settings.record) {
        d_record.open(settings.record, std::ios::binary | std::ios::trunc);
        d_events.open(settings.record + ".events", std::ios::trunc);
        if (!d_record || !d_events)
            refuse("record = '" + settings.record + "' cannot be written");
        d_losses = 0;
    }
    d_settings = settings;
    d_next_loss = settings.overflow_every;
}

void standin_air::join(bool as_transmitter)
{
    const std::lock_guard<std::mutex> lock(d_mutex);
    if (std::exchange(d_taken[as_transmitter], true))
        refuse(
            std::string("this air has a ") +
            (as_transmitter ? "transmitter" : "receiver") +
            " already; with air=NAME,name=STATION instead of id= it has room for eight");
    if (!as_transmitter)
        d_receiver_expected = true;
    d_changed.notify_all();
}

void standin_air::leave(bool as_transmitter)
{
    const std::lock_guard<std::mutex> lock(d_mutex);
    d_taken[as_transmitter] = false;
    if (!as_transmitter)
        d_receiver_expected = false;
    d_changed.notify_all();
}

void standin_air::set_sample_rate(double sample_rate)
{
    const std::lock_guard<std::mutex> lock(d_mutex);
    d_sample_rate = sample_rate;
}

void standin_air::set_gain(bool of_transmitter, double gain_db)
{
    const std::lock_guard<std::mutex> lock(d_mutex);
    (of_transmitter ? d_transmit_gain_db : d_receive_gain_db) = gain_db;
}

void standin_air::switch_transmitter(bool on)
{
    const std::lock_guard<std::mutex> lock(d_mutex);
    run_clock();
    if (on != d_transmitting)
        note(on ? "tx on" : "tx off", d_on_air);
    d_transmitting = on;
    d_waiting.clear(); // a radio that is turned off never sends its queue
    d_starved = true; // there is no underrun before the first sample
    d_record.flush();
    d_changed.notify_all();
}

void standin_air::switch_receiver(bool on)
{
    const std::lock_guard<std::mutex> lock(d_mutex);
    run_clock();
    d_receiving = on;
    d_receiver_expected = on;
    if (on) {
        d_channel = std::make_unique<standin_channel>(d_settings, d_sample_rate);
        d_delivered = d_to_lose = 0;
        d_next_loss = d_settings.overflow_every;
        d_lost = d_reported = false;
    }
    d_arrived.clear();
    d_changed.notify_all();
}

void standin_air::note(const std::string& event, uint64_t index)
{
    if (d_events.is_open())
        d_events << event << ' ' << index
                 << std::endl; // flushed, because the process may die
}

void standin_air::note_loss(const std::string& loss, uint64_t index)
{
    if (++d_losses <= most_losses)
        note(loss, index);
}

// Put samples on the air, and those that arrive into the receiver's queue.
void standin_air::transmit(const sample* samples, size_t count, bool on_air)
{
    const auto amplify = [](auto& block, double gain_db) {
        const auto gain = float(std::pow(10.0, gain_db / 20));
        for (auto& s : block)
            s *= gain;
    };
    d_block.assign(samples, samples + count);
    amplify(d_block, d_transmit_gain_db);
    if (on_air) {
        d_on_air += count;
        if (d_record.is_open())
            d_record.write(reinterpret_cast<const char*>(d_block.data()),
                           std::streamsize(count * sizeof(sample)));
    }
    if (!d_receiving)
        return;
    amplify(d_block, -d_settings.loss_db);
    d_received.clear();
    d_channel->pass(d_block.data(), count, d_received);
    amplify(d_received, d_receive_gain_db);
    d_arrived.insert(d_arrived.end(), d_received.begin(), d_received.end());
    if (d_settings.paced)
        for (; d_arrived.size() > receive_queue; d_arrived.pop_front())
            d_lost = true;
}

// Run a paced air up to the current time.
void standin_air::run_clock()
{
    if (!d_settings.paced)
        return;
    const auto now = d_now();
    if (!d_transmitting && !d_receiving) {
        d_clock_start = now;
        d_clock_samples = 0;
        return;
    }
    const std::chrono::duration<double> passed = now - d_clock_start;
    const auto due = uint64_t(passed.count() * d_sample_rate);
    std::vector<sample> block;
    while (d_clock_samples < due) {
        const auto size = size_t(std::min<uint64_t>(due - d_clock_samples, tick));
        const auto sent = std::min(size, d_waiting.size());
        block.assign(d_waiting.begin(), d_waiting.begin() + sent);
        d_waiting.erase(d_waiting.begin(), d_waiting.begin() + sent);
        block.resize(size, { 0, 0 });
        if (d_transmitting && sent < size && !d_starved)
            note_loss("underrun", d_on_air + sent);
        d_starved = d_starved ? sent == 0 : sent < size;
        transmit(block.data(), size, d_transmitting);
        d_clock_samples += size;
    }
}

size_t standin_air::room() const
{
    if (d_settings.paced)
        return transmit_queue - std::min(transmit_queue, d_waiting.size());
    if (d_receiving)
        return receive_queue - std::min(receive_queue, d_arrived.size());
    return d_receiver_expected ? 0 : tick;
}

size_t standin_air::write(const sample* samples, size_t count, microseconds timeout)
{
    const auto end = clock::now() + timeout;
    std::unique_lock<std::mutex> lock(d_mutex);
    run_clock();
    while (room() == 0) {
        if (clock::now() >= end || !d_transmitting)
            return 0;
        d_changed.wait_for(lock, std::chrono::milliseconds(d_settings.paced ? 1 : 10));
        run_clock();
    }
    const auto taken = std::min({ count, room(), tick });
    if (d_settings.paced)
        d_waiting.insert(d_waiting.end(), samples, samples + taken);
    else
        transmit(samples, taken, true);
    d_changed.notify_all();
    return taken;
}

// Deliver arrived samples or report a loss; return false if there is neither.
bool standin_air::take(sample* samples, size_t count, size_t& delivered, reading& found)
{
    const auto losing = std::min<uint64_t>(d_to_lose, d_arrived.size());
    d_arrived.erase(d_arrived.begin(), d_arrived.begin() + losing);
    d_to_lose -= losing;
    const bool injected =
        d_settings.overflow_every && d_delivered >= d_next_loss && !d_arrived.empty();
    if ((injected || d_lost) && !d_reported) {
        note_loss("overflow", d_delivered);
        d_to_lose = injected ? d_settings.overflow_samples : 0;
        d_next_loss += injected ? d_settings.overflow_every : 0;
        d_lost = false;
        d_reported = true;
        found = reading::overflow;
        return true;
    }
    delivered = std::min(count, d_arrived.size());
    if (d_settings.overflow_every && d_delivered < d_next_loss)
        delivered = std::min<uint64_t>(delivered, d_next_loss - d_delivered);
    std::copy_n(d_arrived.begin(), delivered, samples);
    d_arrived.erase(d_arrived.begin(), d_arrived.begin() + delivered);
    d_delivered += delivered;
    d_reported = d_reported && delivered == 0;
    found = reading::samples;
    return delivered > 0;
}

standin_air::reading
standin_air::read(sample* samples, size_t count, size_t& delivered, microseconds timeout)
{
    const auto end = clock::now() + timeout;
    std::unique_lock<std::mutex> lock(d_mutex);
    auto found = reading::timeout;
    run_clock();
    while (!take(samples, count, delivered, found)) {
        if (clock::now() >= end || !d_receiving)
            return reading::timeout;
        d_changed.wait_for(lock, std::chrono::milliseconds(d_settings.paced ? 1 : 10));
        run_clock();
    }
    d_changed.notify_all();
    return found;
}

} // namespace gr::advphy
