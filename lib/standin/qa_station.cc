// SPDX-License-Identifier: GPL-3.0-or-later
// Test of a paced stand-in radio whose receiver is late at every read: samples come
// between two overflows, and the list of losses is limited.
#include "qa.h"
#include "station.h"
#include <cstdio>
#include <fstream>

using namespace gr::advphy;
using reading = station::reading;

namespace {

// The receiver's queue is full after the first second at 1 Msample/s. Then the receiver
// takes one sample whenever two more have arrived.
struct late_receiver {
    explicit late_receiver(const std::string& record,
                           double delay = 0,
                           std::chrono::milliseconds late = std::chrono::seconds(1))
    {
        station_settings settings;
        settings.paced = 1;
        settings.path = path_settings();
        settings.path->delay = delay;
        settings.record = record;
        air.configure(settings);
        air.switch_receiver(true);
        time += late;
    }

    reading read()
    {
        time += std::chrono::microseconds(2);
        return air.read(&taken, 1, delivered, std::chrono::microseconds(0));
    }

    station::clock::time_point time{};
    station air{ {}, [this] { return time; } };
    sample taken;
    size_t delivered = 0;
};

} // namespace

BOOST_AUTO_TEST_CASE(samples_come_between_two_overflows)
{
    late_receiver receiver("");
    for (int turn = 0; turn < 100; ++turn) {
        BOOST_CHECK(receiver.read() == reading::overflow);
        BOOST_CHECK(receiver.read() == reading::samples);
        BOOST_CHECK_EQUAL(receiver.delivered, 1);
    }
}

BOOST_AUTO_TEST_CASE(a_delay_takes_nothing_from_the_queue_of_262144_samples)
{
    for (const double delay : { 0, 100000 }) {
        late_receiver early("", delay, std::chrono::milliseconds(262));
        BOOST_CHECK(early.read() == reading::samples);
        late_receiver late("", delay, std::chrono::milliseconds(263));
        BOOST_CHECK(late.read() == reading::overflow);
    }
}

BOOST_AUTO_TEST_CASE(the_list_of_losses_is_bounded)
{
    const std::string record = "qa_standin.air";
    {
        late_receiver receiver(record);
        for (int turn = 0; turn < 40000; ++turn)
            receiver.read();
        receiver.air.switch_transmitter(true);
    }
    std::ifstream events(record + ".events");
    std::string line, last;
    int overflows = 0;
    for (; std::getline(events, line); last = line)
        overflows += line.rfind("overflow", 0) == 0;
    BOOST_CHECK_EQUAL(overflows, 10000);
    BOOST_CHECK_EQUAL(last, "tx on 0"); // events that are no losses are still written
    std::remove(record.c_str());
    std::remove((record + ".events").c_str());
}
