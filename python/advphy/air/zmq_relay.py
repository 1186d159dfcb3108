# SPDX-License-Identifier: GPL-3.0-or-later
"""Relay between gr-zeromq's REQ source and a sender that may end and start again.

The REQ source waits for ever for the reply of a sender that has ended. It asks the
relay instead, which asks the sender again as soon as that can be reached.
"""

import itertools
import os
import threading

import zmq

_numbers = itertools.count()
POLL_MS = 100
HEARTBEAT_MS = 1000  # a sender that is silent for two of them has gone


class ZmqRelay:
    """Relay to the endpoint of a sender.

    `address` is where the REQ source connects to. Messages are passed unchanged.

    Raises:
        zmq.ZMQError: if the endpoint cannot be connected to.
    """

    def __init__(self, endpoint):
        self.address = f"ipc://@advphy-relay-{os.getpid()}-{next(_numbers)}"
        self._endpoint, self._ended = endpoint, threading.Event()
        self._context = zmq.Context()
        self._front = self._context.socket(zmq.REP)
        self._front.linger = 0
        self._front.bind(self.address)
        try:
            self._connect()
        except zmq.ZMQError:
            self._context.destroy(linger=0)
            raise
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        """End the thread and close the sockets."""
        self._ended.set()
        self._thread.join()

    def _connect(self):
        self._back = self._context.socket(zmq.REQ)
        self._back.linger = 0
        self._back.ipv6 = "[" in self._endpoint  # else localhost may become ::1
        self._back.heartbeat_ivl = HEARTBEAT_MS
        self._back.heartbeat_timeout = 2 * HEARTBEAT_MS
        self._monitor = self._back.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        self._back.connect(self._endpoint)

    def _run(self):
        while not self._ended.is_set():
            if self._front.poll(POLL_MS):
                reply = self._reply(self._front.recv())
                if reply is not None:
                    self._front.send_multipart(reply)
        self._context.destroy(linger=0)

    def _reply(self, request):
        """Return the sender's reply to a request, or None at the end."""
        self._back.send(request)
        while not self._ended.is_set():
            poller = zmq.Poller()
            poller.register(self._back, zmq.POLLIN)
            poller.register(self._monitor, zmq.POLLIN)
            ready = dict(poller.poll(POLL_MS))
            if self._back in ready:
                return self._back.recv_multipart()
            if self._monitor in ready:  # the reply will not come
                self._back.disable_monitor()
                self._back.close()
                self._connect()
                self._back.send(request)
        return None
