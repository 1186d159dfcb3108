# SPDX-License-Identifier: GPL-3.0-or-later
"""Cut TCP connections of a ZMQ socket on which the other side sends too much.

ZMQ itself bounds a frame, and how many messages wait. But a message may have parts
without end, which it keeps and shows nobody until the last one. The kernel knows how
many bytes came on a connection, and the socket's monitor names the connection.
"""

import contextlib
import os
import socket
import struct
import time

import zmq
from zmq.utils.monitor import recv_monitor_message

MOST_BYTES = 8192  # that a subscriber sends: a handshake, some topics
MOST_BYTES_A_SECOND = 200  # beyond that: heartbeats
MOST_CONNECTIONS = 400
LOOK_SECONDS = 0.02
_BYTES_RECEIVED = 128  # place in struct tcp_info of linux/tcp.h, since Linux 4.1


class ConnectionLimits:
    """The connections of a bound ZMQ socket.

    Args:
        bound: the socket, before it is bound.
    """

    def __init__(self, bound):
        self._bound = bound
        self._monitor = bound.get_monitor_socket(
            zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED
        )
        self._since, self._next, self.cut = {}, 0.0, 0

    def look(self, address):
        """Cut what sends too much; cheap when called often.

        Args:
            address: that the socket is bound to.
        """
        now = time.monotonic()
        if now < self._next or not address.startswith("tcp:"):
            return
        self._next = now + LOOK_SECONDS
        while self._monitor.poll(0):
            event = recv_monitor_message(self._monitor)
            self._since.pop(event["value"], None)
            if event["event"] == zmq.EVENT_ACCEPTED:
                self._since[event["value"]] = now
        port = int(address.rpartition(":")[2])
        for place, (file, since) in enumerate(list(self._since.items())):
            allowed = MOST_BYTES + MOST_BYTES_A_SECOND * (now - since)
            if place >= MOST_CONNECTIONS:
                allowed = -1
            if not self._within(file, port, allowed):
                del self._since[file]

    def _within(self, file, port, allowed):
        """Return whether a descriptor still is a connection, and within its bytes."""
        try:
            own = socket.socket(fileno=os.dup(file))  # ZMQ may close it meanwhile
        except OSError:
            return False
        with own, contextlib.suppress(OSError, IndexError):
            if own.getsockname()[1] != port:
                return False
            said = own.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
            if len(said) < _BYTES_RECEIVED + 8:
                return allowed >= 0
            (received,) = struct.unpack_from("Q", said, _BYTES_RECEIVED)
            if received > allowed:
                own.shutdown(socket.SHUT_RDWR)
                self.cut += 1
                return False
            return True
        return False

    def close(self):
        """Let go of the monitor, before the socket is closed."""
        self._bound.disable_monitor()
        self._monitor.close(linger=0)
