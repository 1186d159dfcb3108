# SPDX-License-Identifier: GPL-3.0-or-later
"""Subscriptions to publishers: connections and received measurements."""

import collections
import contextlib
import os
import re
import socket as sockets
import struct
import time

import zmq
from advphy_model.file_gate import sentence
from advphy_model.measure import published
from zmq.utils.monitor import recv_monitor_message

WAITING = 10_000  # messages in the queue; further messages are lost
HANDSHAKE_MS = 2000  # for a peer that answers in another protocol or not at all
LOOK_SECONDS = 1.5  # in which a publisher of this computer answers
AT_ONCE, MOST_AT_ONCE = 1000, 2**20  # messages, bytes before it is another's turn
MOST_UNREAD = 6 * 2**20  # bytes that may wait; a publisher that sends more is left
MOST_BLOCKS = 256  # of one publisher, as many as its `states` have
FLOODED = "sends more than can be read; connected again"
LOST = {
    zmq.Event.DISCONNECTED,
    zmq.Event.CLOSED,
    zmq.Event.CONNECT_RETRIED,
    zmq.Event.HANDSHAKE_FAILED_NO_DETAIL,
    zmq.Event.HANDSHAKE_FAILED_PROTOCOL,
}


class Subscriptions:
    """Connections to publishers such as tcp://127.0.0.1:5570; a context manager.

    Without addresses they are all publishers of this computer, at published.HERE.
    remark(text) is called when the state of a connection changes. `keys` is a folder
    with subscriber.key_secret and publisher.key, or None. ValueError if an address or a
    key is not valid.
    """

    def __init__(self, addresses, remark, keys=None):
        self._scanning, self._met = not addresses, set()  # publishers that were met
        if self._scanning:
            addresses = published.HERE
        self._looked = time.monotonic() + LOOK_SECONDS
        self._remark, self._remarked = remark, set()
        self._context, self._poller = zmq.Context(), zmq.Poller()
        self._context.setsockopt(zmq.MAX_SOCKETS, 4096)
        self._sockets = {}  # address: (socket, monitor of its connection)
        self._blocks = collections.defaultdict(set)  # those that an address has sent
        self._bytes = {}  # address: [descriptor, bytes that it received and were read]
        self._opened = set()  # addresses that have answered, but not as a publisher
        self._silent = set(addresses)  # those that have sent no measurement yet
        self.malformed = 0  # number of ignored messages
        try:
            for address in dict.fromkeys(addresses):
                self._connect(address, keys)
        except ValueError:
            self._context.destroy(linger=0)
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._context.destroy(linger=0)

    def _connect(self, address, keys):
        found = re.fullmatch(r"tcp://[^/]+:([0-9]{1,5})|ipc://.+", address)
        if not found or not 0 < int(found.group(1) or 1) < 65536:  # ZeroMQ would wait
            raise ValueError(_not_an_address(address))
        socket = self._context.socket(zmq.SUB)
        socket.rcvhwm, socket.maxmsgsize = WAITING, published.LONGEST_MESSAGE
        socket.handshake_ivl, socket.reconnect_ivl_max = HANDSHAKE_MS, 1000
        socket.linger, socket.ipv6 = 0, "[" in address
        socket.rcvbuf = 2**16  # few bytes come while MOST_UNREAD is not compared
        socket.subscribe(b"")
        if keys is not None:
            from gnuradio.advphy.measure import publishing_socket as files

            server, _ = files.key_of(keys, files.PUBLISHER, secret=False)
            public, secret = files.key_of(keys, files.SUBSCRIBER, secret=True)
            socket.curve_serverkey = server
            socket.curve_publickey, socket.curve_secretkey = public, secret
        self._sockets[address] = both = socket, socket.get_monitor_socket()
        for each in both:
            self._poller.register(each, zmq.POLLIN)
        try:
            socket.connect(address)
        except zmq.ZMQError as error:
            raise ValueError(_not_an_address(address, f" ({error.strerror})")) from None

    def wait(self, seconds):
        """Return the next measurements, or [] if none arrives within `seconds`."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            self._poller.poll(max(0, int(1000 * left)))
            found = []
            for address, (socket, monitor) in self._sockets.items():
                self._follow(address, monitor)
                self._limit(address, socket)
                if received := self._received(address, socket):
                    self._silent.discard(address)
                    found += received
            if found or left <= 0:
                return found

    @property
    def joined(self):
        """Return whether each publisher has sent a measurement."""
        if self._scanning:
            answered = bool(self._met) and not self._met & self._silent
            return answered and time.monotonic() >= self._looked
        return not self._silent

    def _follow(self, address, monitor):
        """Remark a lost connection, and a peer that is no publisher."""
        waiting = f"waiting for {address}"
        while monitor.poll(0):
            happened = recv_monitor_message(monitor)
            event = happened["event"]
            if event == zmq.EVENT_CONNECTED:
                self._opened.add(address)
                self._bytes[address] = [happened["value"], 0]
            elif event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self._opened.discard(address)
                self._met.add(address)
                self._remarked.discard(waiting)
            elif event in LOST:
                if address in self._opened:
                    self._remark_once(f"{address} answers, but is no publisher")
                self._opened.discard(address)
                if not self._scanning or address in self._met:
                    self._remark_once(waiting)

    def _limit(self, address, socket):
        """Connect again to a publisher of which more waits than may.

        libzmq limits the number of messages, but neither their bytes nor their parts.
        """
        descriptor, read = self._bytes.get(address, (-1, 0))
        if _bytes_of(descriptor) > read + MOST_UNREAD:
            del self._bytes[address]
            socket.disconnect(address)  # forgets what waits, also half of a message
            socket.connect(address)
            self._remark_once(f"{address} {FLOODED}")

    def _received(self, address, socket):
        """Return the measurements of the messages that have arrived."""
        found, taken, at = [], 0, self._bytes.get(address, [-1, 0])
        for number in range(AT_ONCE):
            if taken > MOST_AT_ONCE:
                break
            try:
                data = socket.recv(zmq.NOBLOCK)
                taken += len(data)
                at[1] += len(data)
                if socket.getsockopt(zmq.RCVMORE):
                    socket.recv_multipart(zmq.NOBLOCK)
                    raise ValueError("several parts")
                found += self._of_few_blocks(address, published.decode(data))
            except zmq.Again:
                if number:  # all is read
                    at[1] = _bytes_of(at[0])
                break
            except published.OtherVersionError as error:
                self.malformed += 1
                self._remark_once(f"{address}: {error}", ("version", address))
            except ValueError as error:
                self.malformed += 1
                text = sentence(str(error), f"{address}: ignored a malformed message:")
                self._remark_once(text, ("malformed", address))
        return found

    def _of_few_blocks(self, address, messages):
        """Return the messages; ValueError if the address has too many blocks."""
        named = ("flowgraph", "kind", "block", "name")
        blocks = {tuple(message[key] for key in named) for message in messages}
        blocks |= self._blocks[address]
        if len(blocks) > MOST_BLOCKS:
            raise ValueError(f"more than {MOST_BLOCKS} blocks")
        self._blocks[address] = blocks
        return messages

    def _remark_once(self, text, what=None):
        if (what or text) not in self._remarked:
            self._remarked.add(what or text)
            self._remark(text)


def _bytes_of(descriptor):
    """Return the bytes that a TCP connection of libzmq has received, 0 of others."""
    with (
        contextlib.suppress(OSError, struct.error),  # it has ended, or is no such
        sockets.socket(fileno=os.dup(descriptor)) as connection,
    ):
        info = connection.getsockopt(sockets.IPPROTO_TCP, sockets.TCP_INFO, 136)
        return struct.unpack_from("Q", info, 128)[0]  # tcpi_bytes_received
    return 0


def _not_an_address(address, why=""):
    return (
        f"{address!r} is not a valid address{why}; give tcp://HOST:PORT, such as "
        "tcp://127.0.0.1:5570, or ipc://FILE"
    )
