# SPDX-License-Identifier: GPL-3.0-or-later
"""Front door of a ZMQ socket, which limits who comes in over TCP and what they send.

libzmq keeps a message whose parts never end, each topic of a subscriber and all
connections, so memory and descriptors have no bound without it.
"""

import contextlib
import ipaddress
import socket
import threading
import time
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from types import SimpleNamespace

MOST_GUESTS = 128  # connections at once
MOST_OF_ONE = 16  # of them from one address of another computer
MOST_SENT = 2**14  # bytes that a guest may send in all: a handshake, a few topics
PIECE = 2**16  # bytes that are passed on at once


class FrontDoor:
    """Door at a numeric TCP address to a socket file, served by a thread until close().

    OSError if it cannot be bound there.
    """

    def __init__(self, host, port, inner):
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        ipv6 = found[0] == socket.AF_INET6
        how = {"family": found[0], "backlog": MOST_GUESTS, "dualstack_ipv6": ipv6}
        self._listener = socket.create_server(found[4], **how)
        self._listener.setblocking(False)
        self._inner, self._guests, self._leaving = inner, [], None
        self._selector = DefaultSelector()
        self._selector.register(self._listener, EVENT_READ)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while not self._leaving or (self._guests and time.monotonic() < self._leaving):
            for key, events in self._selector.select(0.01 if self._leaving else None):
                if key.data is None:
                    self._open()
                elif key.data in self._guests:
                    self._pass_on(key.data, key.fileobj, events)
        for guest in list(self._guests):
            self._dismiss(guest)
        self._selector.close()

    def _open(self):
        try:
            self._admit(*self._listener.accept())
        except OSError:  # it has gone, or no descriptor is free
            if self._leaving:
                self._selector.unregister(self._listener)
            time.sleep(0.01)

    def _admit(self, outer, address):
        host = address[0]
        ours = [guest for guest in self._guests if guest.host == host]
        here = ipaddress.ip_address(host.partition("%")[0]).is_loopback
        inner = socket.socket(socket.AF_UNIX)
        try:
            many = len(ours) >= MOST_OF_ONE and not here
            if many or len(self._guests) >= MOST_GUESTS:
                raise ConnectionRefusedError
            inner.connect(self._inner)
            outer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            outer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except OSError:
            inner.close()
            outer.close()
            return
        guest = SimpleNamespace(outer=outer, inner=inner, host=host)
        guest.may_send, guest.waiting = MOST_SENT, b""
        for end in (outer, inner):
            end.setblocking(False)
            self._selector.register(end, EVENT_READ, guest)
        self._guests.append(guest)

    def _pass_on(self, guest, end, events):
        full = bool(guest.waiting)
        try:
            if end is guest.inner:
                guest.waiting = guest.inner.recv(PIECE)
                if not guest.waiting:
                    raise ConnectionResetError
            elif events & EVENT_READ:
                data = guest.outer.recv(guest.may_send)
                guest.may_send -= len(data)
                if not data or not guest.may_send:
                    raise ConnectionResetError
                guest.inner.send(data)  # MOST_SENT bytes always have room
            with contextlib.suppress(BlockingIOError):
                guest.waiting = guest.waiting[guest.outer.send(guest.waiting) :]
        except OSError:
            self._dismiss(guest)
            return
        if bool(guest.waiting) == full:
            return
        if full:
            self._selector.modify(guest.outer, EVENT_READ, guest)
            self._selector.register(guest.inner, EVENT_READ, guest)
        else:  # the inner socket waits, and drops messages at its high-water mark
            self._selector.modify(guest.outer, EVENT_READ | EVENT_WRITE, guest)
            self._selector.unregister(guest.inner)

    def _dismiss(self, guest):
        self._guests.remove(guest)
        for end in (guest.outer, guest.inner):
            with contextlib.suppress(KeyError):
                self._selector.unregister(end)
            end.close()

    def close(self, seconds):
        """Close the port; what the socket has sent has some time to leave."""
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._leaving = time.monotonic() + seconds
        self._thread.join()
        self._listener.close()
