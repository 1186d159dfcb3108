# SPDX-License-Identifier: GPL-3.0-or-later
"""Server in front of gr-zeromq's REP sink, which knows its receivers.

The REP sink replies to whoever asks, so that each of two receivers would get half of
the samples. The server passes on the requests of one receiver until that disconnects.
"""

import itertools
import logging
import os
import threading
import time
import weakref

import zmq
from zmq.utils.monitor import recv_monitor_message

_numbers = itertools.count()
POLL_MS = 100
HEARTBEAT_MS = 1000  # a receiver that is silent for two of them has gone
PATIENCE = 3.0  # seconds that another receiver waits for the end of the first one
RECEIVER = b"advphy-"  # begins the routing ids of receivers that know REFUSED
REFUSED = b"advphy: refused"  # reply to another receiver
REMEDY = (
    "driver = 'zmq' is for one receiver, and another one has the samples of {0}; end "
    "that one, or use driver = 'zmq_pub' at both ends"
)


def zmq_server(owner, endpoint):
    """Bind an endpoint until the owner is deleted; return the REP sink's address.

    zmq.ZMQError if the endpoint cannot be bound.
    """
    address = f"ipc://@advphy-server-{os.getpid()}-{next(_numbers)}"
    context, ended = zmq.Context(), threading.Event()
    front, back = context.socket(zmq.ROUTER), context.socket(zmq.REQ)
    front.linger = back.linger = 0
    front.ipv6 = "[" in endpoint
    front.heartbeat_ivl, front.heartbeat_timeout = HEARTBEAT_MS, 2 * HEARTBEAT_MS
    monitor = front.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    try:
        front.bind(endpoint)
    except zmq.ZMQError:
        context.destroy(linger=0)
        raise
    back.connect(address)
    server = _Server(front, back, monitor, endpoint)
    thread = threading.Thread(target=server.run, args=(context, ended), daemon=True)
    thread.start()
    weakref.finalize(owner, lambda: (ended.set(), thread.join()))
    return address


class _Server:
    """Relay between the one receiver and the REP sink; runs in its own thread."""

    def __init__(self, front, back, monitor, endpoint):
        self._front, self._back, self._monitor = front, back, monitor
        self._endpoint = endpoint
        self._owner = self._descriptor = None  # routing id, and its connection
        self._waiting = {}  # routing id: (request, descriptor, time until refused)
        self._asked = False  # the REP sink has not replied yet

    def run(self, context, ended):
        while not ended.is_set():
            # A reply that nobody waits for any more stays in the socket for the next.
            backs = [self._back] if self._asked and self._owner in self._waiting else []
            sockets = [self._front, self._monitor, *backs]
            ready, _, _ = zmq.select(sockets, [], [], POLL_MS / 1000)
            if self._monitor in ready:
                self._forget(recv_monitor_message(self._monitor)["value"])
            if self._front in ready:
                who, *_, request = self._front.recv_multipart(copy=False)
                at = request.get(zmq.SRCFD), time.monotonic() + PATIENCE
                self._waiting[who.bytes] = request.bytes, *at
            if self._back in ready:
                self._asked = False
                self._send(self._owner, self._back.recv_multipart())
            self._ask()
        context.destroy(linger=0)

    def _forget(self, descriptor):
        gone = [who for who, one in self._waiting.items() if one[1] == descriptor]
        for who in gone:
            del self._waiting[who]
        if descriptor == self._descriptor:
            self._owner = self._descriptor = None

    def _send(self, who, parts):
        del self._waiting[who]
        self._front.send_multipart([who, b"", *parts])

    def _ask(self):
        """Ask the REP sink for the one receiver; refuse another that has waited."""
        if self._owner is None and self._waiting:
            self._owner = next(iter(self._waiting))
            self._descriptor = self._waiting[self._owner][1]
        if self._owner in self._waiting and not self._asked:
            self._back.send(self._waiting[self._owner][0])
            self._asked = True
        now = time.monotonic()
        for who, (_, _, until) in list(self._waiting.items()):
            if who != self._owner and now > until:
                logging.getLogger(__name__).warning(
                    "sdr_sink: a receiver was refused: %s",
                    REMEDY.format(self._endpoint),
                )
                if who.startswith(RECEIVER):
                    self._send(who, [REFUSED])
                else:  # of another program, which would not understand it
                    self._waiting[who] = (*self._waiting[who][:2], float("inf"))
