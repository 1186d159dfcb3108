# SPDX-License-Identifier: GPL-3.0-or-later
"""Front door of a ZMQ socket, which limits who comes in over TCP and what they send.

libzmq keeps a message whose parts never end, each topic of a subscriber and all
connections, so memory and descriptors have no bound without it.
"""

import asyncio
import concurrent.futures
import contextlib
import math
import socket
import threading

MOST_GUESTS = 128  # connections at once
MOST_OF_ONE = 16  # of them from one address of another computer
HERE = "127.0.0.1", "::1", "::ffff:127.0.0.1"
MOST_SENT = 2**14  # bytes that a guest may send in all: a handshake, a few topics
PIECE = 2**16  # bytes that are passed on at once


class FrontDoor:
    """Door at a numeric TCP host to a local socket, served by a thread until close().

    OSError if it cannot be bound there; `port` is the port, chosen if it is 0.
    """

    def __init__(self, host, port, inner):
        ipv6, kind = "[" in host, socket.SOCK_STREAM
        family, *_, at = socket.getaddrinfo(host.strip("[]"), port, type=kind)[0]
        how = {"family": family, "backlog": MOST_GUESTS, "dualstack_ipv6": ipv6}
        self._listener = made = socket.create_server(at, **how)
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # of guests, too
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = made.getsockname()[1]
        self._inner, self._guests = inner, {}  # task: host
        self._closing = concurrent.futures.Future()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        with self._listener:
            asyncio.run(self._serve())

    async def _serve(self):
        opening = asyncio.create_task(self._open())
        seconds = await asyncio.wrap_future(self._closing)
        opening.cancel()
        if self._guests:
            await asyncio.wait(self._guests, timeout=seconds)

    async def _open(self):
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(0)  # the guests' turn, however many come
            try:
                outer, (host, *_) = await loop.sock_accept(self._listener)
            except OSError:  # it has gone, or no descriptor is free
                await asyncio.sleep(0.01)
                continue
            most = MOST_GUESTS if host in HERE else MOST_OF_ONE
            many = list(self._guests.values()).count(host) >= most
            if many or len(self._guests) >= MOST_GUESTS:
                outer.close()
                continue
            guest = loop.create_task(self._serve_guest(outer))
            self._guests[guest] = host
            guest.add_done_callback(self._guests.pop)

    async def _serve_guest(self, outer):
        with (
            outer,
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX) as inner,
        ):
            inner.connect(self._inner)
            inner.setblocking(False)
            ways = [_pass_on(outer, inner, MOST_SENT), _pass_on(inner, outer, math.inf)]
            ways = [asyncio.ensure_future(way) for way in ways]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)

    def close(self, seconds):
        """Close the port; what the socket has sent has some time to leave."""
        self._closing.set_result(seconds)
        if threading.current_thread() is not self._thread:  # for the garbage collector
            self._thread.join()


async def _pass_on(source, target, most):
    """Pass on at most so many bytes; a slow target makes the source wait."""
    loop = asyncio.get_running_loop()
    while most and (data := await loop.sock_recv(source, min(most, PIECE))):
        most -= len(data)
        await loop.sock_sendall(target, data)
