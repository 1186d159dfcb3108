// SPDX-License-Identifier: GPL-3.0-or-later
// Signs of life of a transmitter: a byte every 100 ms to its guardian, over a socket, as
// long as all calls keep their promises. The thread needs neither memory nor Python's
// lock, so a program that is only busy does not look dead. Cost: 10 small writes a
// second.
#pragma once
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace gr::advphy {

class heartbeat
{
public:
    static constexpr size_t calls = 3;

    // The socket remains the caller's; std::invalid_argument if it is none.
    explicit heartbeat(int socket);
    ~heartbeat();
    heartbeat(const heartbeat&) = delete;

    // Promise that a call ends, or comes again, within so many seconds.
    void promise(size_t call, double seconds);
    // Whether the guardian still takes what is sent.
    bool heard() const { return d_heard; }

private:
    void beat();

    int d_socket;
    std::array<std::atomic<double>, calls> d_until; // s of the steady clock
    std::atomic<bool> d_heard = true;
    bool d_ended = false;
    std::mutex d_mutex;
    std::condition_variable d_change;
    std::thread d_thread;
};

} // namespace gr::advphy
