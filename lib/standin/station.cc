// SPDX-License-Identifier: GPL-3.0-or-later
// How a station comes, is set, and leaves: station_transmitter.cc and station_receiver.cc
// have what it does on the air.
#include "station.h"
#include <algorithm>
#include <cmath>
#include <fcntl.h>
#include <sys/file.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace gr::advphy {

namespace {
constexpr uint64_t most_losses = 10000; // underruns and overflows that are recorded
constexpr double longest_catch_up = 0.2; // s, of a shared air that was waited for
} // namespace

// Samples that should have passed, minus those that did. Who was waited for, on a shared
// air, need not catch up more than longest_catch_up.
int64_t station::due(pace& of)
{
    const auto now = d_now();
    const std::chrono::duration<double> passed = now - of.begin;
    const double should = passed.count() * rate() - double(of.samples);
    if (!of.running || (!d_private && should > longest_catch_up * rate())) {
        of = { now, 0, true };
        return 0;
    }
    return int64_t(std::floor(should));
}

station::station(const std::optional<std::string>& air,
                 std::function<clock::time_point()> now)
    : d_private(!air), d_now(std::move(now)), d_memory(air)
{
    if (!d_private)
        return;
    d_sender = d_receiver = 0;
    d_memory.control().sample_rate = 1e6;
}

std::shared_ptr<station> station::named(const std::string& name)
{
    static std::mutex mutex;
    static std::map<std::string, std::weak_ptr<station>> airs;
    const std::lock_guard<std::mutex> lock(mutex);
    auto found = airs[name].lock();
    if (!found)
        airs[name] = found = std::make_shared<station>(std::nullopt);
    return found;
}

void station::configure(const station_settings& settings)
{
    const both_locks locks(d_receiving_mutex, d_sending_mutex);
    if (!settings.record.empty() && settings.record != d_settings.record) {
        open_record(settings.record);
        d_losses = 0;
    }
    d_settings = settings;
    d_next_loss = int64_t(settings.overflow_every);
}

// The events of a private air are the state of the device, which one program has open.
// Who opens a transmitter that is on, since its program died, turns it off by closing it.
void station::open_record(const std::string& path)
{
    const std::string events = path + ".events";
    if (d_private) {
        const int lock = open(events.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (d_lock >= 0)
            close(d_lock);
        d_lock = lock;
        if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) != 0)
            refuse("record = '" + path + "' is busy: another program has that device");
        std::ifstream before(events);
        for (std::string line; std::getline(before, line);)
            if (line.rfind("tx ", 0) == 0)
                d_left_on = line.rfind("tx on", 0) == 0;
    }
    const auto how = d_left_on ? std::ios::app : std::ios::trunc;
    d_record = std::ofstream(path, std::ios::binary | std::ios::out | how);
    d_events = std::ofstream(events, std::ios::out | how);
    if (!d_record || !d_events)
        refuse("record = '" + path + "' cannot be written");
}

station::~station()
{
    if (d_left_on) {
        d_record.seekp(0, std::ios::end);
        note("tx off", int64_t(d_record.tellp()) / int64_t(sizeof(sample)));
    }
    if (d_lock >= 0)
        close(d_lock);
}

void station::join(bool as_transmitter)
{
    const both_locks locks(d_receiving_mutex, d_sending_mutex);
    if (std::exchange(d_taken[as_transmitter], true))
        refuse(
            std::string("this air has a ") +
            (as_transmitter ? "transmitter" : "receiver") +
            " already; with air=NAME,name=STATION instead of id= it has room for eight");
    if (!as_transmitter)
        d_receiver_expected = true;
    if (d_private)
        return;
    const char* name = d_settings.name.c_str();
    (as_transmitter ? d_sender : d_receiver) = d_memory.take_place(as_transmitter, name);
    describe();
    if (as_transmitter)
        return;
    if (d_settings.path)
        d_memory.forget_paths(name);
    for (const auto& [from, path] : d_settings.paths)
        d_memory.set_path(from.c_str(), name, path);
}

void station::leave(bool as_transmitter)
{
    // A private transmitter that nobody turned off goes on, as a radio does.
    if (!as_transmitter)
        switch_receiver(false);
    else if (!d_private)
        switch_transmitter(false);
    const both_locks locks(d_receiving_mutex, d_sending_mutex);
    d_taken[as_transmitter] = false;
    if (d_private)
        return;
    auto& place = as_transmitter ? d_sender : d_receiver;
    d_memory.free_place(as_transmitter, place);
    place = air_stations;
}

void station::set_sample_rate(double sample_rate)
{
    const both_locks locks(d_receiving_mutex, d_sending_mutex);
    double& common = d_memory.control().sample_rate;
    if (!d_private && common != 0 && common != sample_rate && !d_memory.alone())
        refuse("air '" + d_memory.name() + "' runs at " +
               std::to_string(int64_t(common)) + " samples/s, not " +
               std::to_string(int64_t(sample_rate)) + "; give all its stations one rate");
    common = sample_rate;
    for (const auto& named : d_settings.paths)
        check_path(named.second, sample_rate);
    if (d_settings.path)
        check_path(*d_settings.path, sample_rate);
}

void station::tune(bool transmitter, double frequency, double gain_db)
{
    const both_locks locks(d_receiving_mutex, d_sending_mutex);
    d_frequency[transmitter] = frequency;
    d_gain_db[transmitter] = gain_db;
    describe();
}

// Tell all stations the settings of this one.
void station::describe()
{
    const auto tell = [this](auto& place, bool of_transmitter) {
        place.gain_db = d_gain_db[of_transmitter];
        place.frequency = d_frequency[of_transmitter];
    };
    if (d_sender < air_stations)
        tell(sender(), true);
    if (d_receiver < air_stations) {
        tell(receiver(), false);
        receiver().noise_variance = d_settings.noise_variance;
    }
    ++d_memory.control().changes;
}

void station::note(const std::string& event, int64_t index, bool loss)
{
    const std::lock_guard<std::mutex> lock(d_events_mutex);
    d_losses += loss;
    if (d_events.is_open() && (!loss || d_losses <= most_losses)) // the process may die
        d_events << event << ' ' << index << std::endl;
}

// A lock of one's own does not stand in one's own way.
bool station::alive(bool of_sender, size_t place) const
{
    return place == (of_sender ? d_sender : d_receiver) ||
           d_memory.alive(of_sender, place);
}

// How long a call waits at least: on a shared air, until it has found out who stalls.
station::microseconds station::patience() const
{
    const std::chrono::milliseconds stall(d_settings.stall_ms);
    return d_private ? microseconds(0) : microseconds(stall) + nap;
}

// Look again later. A queue lasts longer than that.
void station::rest(std::unique_lock<std::mutex>& lock) const
{
    lock.unlock();
    std::this_thread::sleep_for(d_private ? private_nap : nap);
    lock.lock();
}

} // namespace gr::advphy
