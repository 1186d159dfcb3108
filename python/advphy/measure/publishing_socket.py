# SPDX-License-Identifier: GPL-3.0-or-later
"""A ZMQ socket that publishes and that no subscriber can slow down or fill up.

ZMQ has no authentication: whoever reaches the address reads along and may send
anything. So what subscribers send is bounded in bytes and in number, a subscriber that
does not read loses messages, and one who joins late gets the states by the socket's
welcome message: one copy a connection, whatever that connection subscribes to and how
often. (Sending the states again at each subscription would let a flood of
subscriptions multiply itself.)
"""

import errno
import ipaddress
import logging
import os
import re
import socket
import stat
import time
import weakref

import zmq

from .connection_limits import ConnectionLimits

WANTED = "wanted tcp://HOST:PORT, tcp://HOST:* for any free port, or ipc://FILE"
LONGEST_FRAME = 256  # bytes that a subscriber may send at once: a topic
MOST_TOPICS = 256  # unlike ones of all subscribers together; "" is one
MOST_FRAMES = 1000  # of changed topics and of garbage, a second
WAITING = 64  # messages that wait for a slow subscriber; what is more is lost
AFTER_FLOOD_SECONDS = 1.0  # without the port, when subscribers sent too much
LINGER_MS = 100  # for the last messages of a flowgraph that stops


class PublishingSocket:
    """Bind an address at once; send(), welcome() and turn() in one thread.

    Args:
        address: see WANTED.

    Raises:
        ValueError: when it is none, or cannot be bound.
    """

    def __init__(self, address):
        _check(address)
        self._context = zmq.Context()
        # Of one that is never used the context would wait for the socket for ever.
        self._open = []
        self._unused = weakref.finalize(self, _close, self._context, self._open)
        self._wanted, self.floods = address, 0
        self._welcome = b""
        try:
            self._bind()
        except zmq.ZMQError as error:
            self._unused()
            raise ValueError(f"address = {address!r}: {_why(error)}") from None

    @property
    def address(self):
        """Return the address that is bound, with the port that was chosen."""
        return self._wanted

    def _bind(self):
        made = self._context.socket(zmq.XPUB)
        made.setsockopt(zmq.SNDHWM, WAITING)
        made.setsockopt(zmq.SNDBUF, 2**17)  # the kernel's part of what waits
        made.setsockopt(zmq.RCVHWM, MOST_FRAMES)
        made.setsockopt(zmq.RCVBUF, 4096)  # a flood is slow to come
        made.setsockopt(zmq.MAXMSGSIZE, LONGEST_FRAME)
        made.setsockopt(zmq.HANDSHAKE_IVL, 2000)  # ms, for who speaks another protocol
        made.setsockopt(zmq.TCP_KEEPALIVE, 1)
        made.setsockopt(zmq.LINGER, LINGER_MS)
        made.setsockopt(zmq.IPV6, int("[" in self._wanted))
        made.setsockopt(zmq.XPUB_WELCOME_MSG, self._welcome)
        limits = ConnectionLimits(made)
        try:
            made.bind(self._wanted)
        except zmq.ZMQError:
            limits.close()
            made.close(linger=0)
            raise
        self._wanted = made.getsockopt_string(zmq.LAST_ENDPOINT)
        self._socket, self._topics = made, 0
        self._open[:], self._limits = [limits, made], limits
        self._frames, self._second = 0, time.monotonic()

    def welcome(self, message):
        """Send this first to each who connects from now on."""
        self._welcome = message
        if self._socket is not None:
            self._socket.setsockopt(zmq.XPUB_WELCOME_MSG, message)

    def send(self, message):
        """Send to all who keep up."""
        if self._socket is not None:
            self._socket.send(message, zmq.NOBLOCK)  # a PUB drops, it never waits

    def begin(self):
        """Leave closing to close(), since a thread uses this from now on."""
        self._unused.atexit = False

    def turn(self, seconds):
        """Look at what subscribers send, for so long."""
        if self._socket is None:
            time.sleep(seconds)
            if time.monotonic() > self._second:
                self._bind_again()
            return
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._limits.look(self._wanted)
            if self._socket.poll(max(1, int(1000 * left))) and self._flooded():
                self._drop_all()
                return

    def _flooded(self):
        """Read a frame; return whether there were too many."""
        now = time.monotonic()
        if now - self._second > 1:
            self._frames, self._second = 0, now
        try:
            frame = self._socket.recv(zmq.NOBLOCK)
        except zmq.Again:
            return False
        self._frames += 1
        self._topics += {b"\1": 1, b"\0": -1}.get(frame[:1], 0)
        return self._frames > MOST_FRAMES or self._topics > MOST_TOPICS

    def _drop_all(self):
        """Forget all subscribers with what they sent; honest ones connect again."""
        self._limits.close()
        self._socket.close(linger=0)
        self._socket, self._second = None, time.monotonic() + AFTER_FLOOD_SECONDS
        self.floods += 1
        if self.floods == 1:
            logging.getLogger(__name__).warning(
                "a subscriber of %s sends a flood; all are disconnected for a second",
                self._wanted,
            )

    def _bind_again(self):
        try:
            self._bind()
        except zmq.ZMQError:  # taken by another program meanwhile, or not free yet
            self._second = time.monotonic() + AFTER_FLOOD_SECONDS

    def close(self):
        """Close the port; what was sent last has LINGER_MS to leave."""
        self._unused.detach()
        if self._socket is not None:
            self._limits.close()
            self._socket.close()
        self._socket = None
        self._context.term()


def _close(context, sockets):
    for each in sockets:
        each.close()
    context.term()


def _check(address):
    """Refuse what is no address; warn of one that others can reach."""
    if not isinstance(address, str):
        raise ValueError(f"address = {address!r}, {WANTED}")
    if address.startswith("ipc://") and len(address) > 6 and address.isprintable():
        _check_file(address)
        return
    found = re.fullmatch(
        r"tcp://(\[[0-9a-fA-F:%.\w]+\]|[\w.*-]+):(\d{1,5}|\*)", address
    )
    if not found or (found.group(2) != "*" and int(found.group(2)) > 65535):
        raise ValueError(f"address = {address!r}, {WANTED}")
    try:
        local = ipaddress.ip_address(found.group(1).strip("[]")).is_loopback
    except ValueError:
        local = found.group(1) == "lo"
    if not local:
        logging.getLogger(__name__).warning(
            "%s: whoever reaches this address reads along, since ZMQ has no "
            "authentication; tcp://127.0.0.1:PORT is for this machine alone",
            address,
        )


def _check_file(address):
    """Refuse to bind over a file, or over another publisher's socket."""
    path = address.removeprefix("ipc://")
    if path.startswith("@") or not os.path.lexists(path):
        return
    if not stat.S_ISSOCK(os.lstat(path).st_mode):
        raise ValueError(f"address = {address!r}: {path} is a file, and no socket")
    with socket.socket(socket.AF_UNIX) as other:
        try:
            other.connect(path)
        except OSError:
            return  # left behind by one that is no more
    raise ValueError(f"address = {address!r}: {_why(zmq.ZMQError(errno.EADDRINUSE))}")


def _why(error):
    return {
        errno.EADDRINUSE: "in use, perhaps by another publisher; choose another port, "
        "or * for any that is free",
        errno.EADDRNOTAVAIL: "no address of this machine",
        errno.ENODEV: "no address of this machine; use its number, such as 127.0.0.1",
        errno.ENAMETOOLONG: "the name of the file is too long for a socket",
    }.get(error.errno, error.strerror or str(error)) + f"; {WANTED}"
