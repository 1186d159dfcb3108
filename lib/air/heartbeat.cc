// SPDX-License-Identifier: GPL-3.0-or-later
#include "air/heartbeat.h"
#include <chrono>
#include <fcntl.h>
#include <limits>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace gr::advphy {

namespace {
constexpr auto period = std::chrono::milliseconds(100);

double now()
{
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration<double>(since).count();
}
} // namespace

heartbeat::heartbeat(int socket) : d_socket(fcntl(socket, F_DUPFD_CLOEXEC, 0))
{
    if (d_socket < 0)
        throw std::invalid_argument("heartbeat: not a descriptor");
    for (auto& until : d_until)
        until = std::numeric_limits<double>::infinity();
    d_thread = std::thread(&heartbeat::beat, this);
}

heartbeat::~heartbeat()
{
    {
        const std::lock_guard<std::mutex> lock(d_mutex);
        d_ended = true;
    }
    d_change.notify_all();
    d_thread.join();
    close(d_socket);
}

void heartbeat::promise(size_t call, double seconds)
{
    d_until.at(call) = now() + seconds;
}

void heartbeat::beat()
{
    std::unique_lock<std::mutex> lock(d_mutex);
    while (!d_ended) {
        bool kept = true;
        for (const auto& until : d_until)
            kept = kept && now() < until;
        if (kept && send(d_socket, ".", 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
            d_heard = false;
        d_change.wait_for(lock, period);
    }
}

} // namespace gr::advphy
