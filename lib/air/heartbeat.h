// SPDX-License-Identifier: GPL-3.0-or-later
// Signs of life of a transmitter: a byte every 100 ms to its guardian, over a socket, as
// long as all calls keep their promises. The thread needs neither memory nor Python's
// lock, so a program that is only busy does not look dead. Cost: 10 small writes a
// second.
#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fcntl.h>
#include <mutex>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace gr::advphy {

class heartbeat
{
public:
    // The socket remains the caller's; std::invalid_argument if it is none.
    explicit heartbeat(int socket) : d_socket(fcntl(socket, F_DUPFD_CLOEXEC, 0))
    {
        if (d_socket < 0)
            throw std::invalid_argument("heartbeat: not a descriptor");
        for (auto& until : d_until)
            until = 1e300;
        d_thread = std::thread(&heartbeat::beat, this);
    }

    ~heartbeat()
    {
        d_ended = true;
        d_change.notify_all();
        d_thread.join();
        close(d_socket);
    }

    heartbeat(const heartbeat&) = delete;

    // Promise that a call ends, or comes again, within so many seconds.
    void promise(size_t call, double seconds) { d_until.at(call) = now() + seconds; }

    // Whether the guardian still takes what is sent.
    bool heard() const { return d_heard; }

private:
    static double now() // s of the steady clock
    {
        const auto since = std::chrono::steady_clock::now().time_since_epoch();
        return std::chrono::duration<double>(since).count();
    }

    void beat()
    {
        std::mutex mutex;
        std::unique_lock<std::mutex> lock(mutex);
        while (!d_ended) {
            const double time = now();
            if (d_until[0] > time && d_until[1] > time && d_until[2] > time)
                d_heard =
                    d_heard && send(d_socket, ".", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
            d_change.wait_for(lock, std::chrono::milliseconds(100));
        }
    }

    int d_socket;
    std::array<std::atomic<double>, 3> d_until;
    std::atomic<bool> d_heard = true, d_ended = false;
    std::condition_variable d_change;
    std::thread d_thread;
};

} // namespace gr::advphy
