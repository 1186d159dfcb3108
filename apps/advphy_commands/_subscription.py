# SPDX-License-Identifier: GPL-3.0-or-later
"""Subscriptions to publishers: connections and received measurements."""

import re
import time

import zmq
from advphy_model.measure import published
from zmq.utils.monitor import recv_monitor_message

WAITING = 10_000  # messages in the queue; further messages are lost
HANDSHAKE_MS = 2000  # for a peer that answers in another protocol or not at all
LOST = {
    zmq.Event.DISCONNECTED,
    zmq.Event.CLOSED,
    zmq.Event.CONNECT_RETRIED,
    zmq.Event.HANDSHAKE_FAILED_NO_DETAIL,
    zmq.Event.HANDSHAKE_FAILED_PROTOCOL,
}


class Subscription:
    """Connection to one publisher.

    Args:
        address: address such as tcp://127.0.0.1:5570.
        context: zmq.Context.
        remark: function of a text, called when the state of the connection changes.
        keys: folder with subscriber.key_secret and publisher.key, or None.

    Raises:
        ValueError: if the address is not valid.
    """

    def __init__(self, address, context, remark, keys=None):
        _check(address)
        self.address, self._remark = address, remark
        self.malformed = 0
        self.connected, self.joined = False, False  # joined: a measurement has arrived
        self._remarked, self._opened = set(), False
        self.socket = context.socket(zmq.SUB)
        for name, value in {
            zmq.RCVHWM: WAITING,
            zmq.MAXMSGSIZE: published.LONGEST_MESSAGE,
            zmq.HANDSHAKE_IVL: HANDSHAKE_MS,
            zmq.RECONNECT_IVL_MAX: 1000,
            zmq.LINGER: 0,
            zmq.IPV6: int("[" in address),
            zmq.SUBSCRIBE: b"",
        }.items():
            self.socket.setsockopt(name, value)
        if keys is not None:
            self._use_keys(keys)
        self.monitor = self.socket.get_monitor_socket()
        self.monitor.setsockopt(zmq.LINGER, 0)
        try:
            self.socket.connect(address)
        except zmq.ZMQError as error:
            self.close()
            why = f" ({error.strerror})"
            raise ValueError(_not_an_address(address, why)) from None

    def _use_keys(self, folder):
        from gnuradio.advphy.measure import publishing_socket as keys

        try:
            server, _ = keys.key_of(folder, keys.PUBLISHER, secret=False)
            public, secret = keys.key_of(folder, keys.SUBSCRIBER, secret=True)
        except ValueError:
            self.socket.close(linger=0)
            raise
        self.socket.curve_serverkey = server
        self.socket.curve_publickey, self.socket.curve_secretkey = public, secret

    def events(self):
        """Follow the connection; remark a lost one, and a peer that is no publisher."""
        while self.monitor.poll(0):
            event = recv_monitor_message(self.monitor)["event"]
            if event == zmq.EVENT_CONNECTED:
                self._opened = True
            elif event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self.connected, self._opened = True, False
                self._remarked.discard("waiting")
            elif event in LOST:
                self._lost()

    def _lost(self):
        if self._opened and not self.connected:
            self._remark_once(
                "stranger", f"{self.address} answers, but is no publisher"
            )
        self.connected, self._opened = False, False
        self._remark_once("waiting", f"waiting for {self.address}")

    def messages(self, most=1000):
        """Return the measurements of at most `most` messages that have arrived."""
        found = []
        for _ in range(most):
            try:
                data = self.socket.recv(zmq.NOBLOCK)
                if self.socket.getsockopt(zmq.RCVMORE):
                    self.socket.recv_multipart(zmq.NOBLOCK)
                    raise ValueError("several parts")
                found += published.decode(data)
            except zmq.Again:
                break
            except published.OtherVersionError as error:
                self.malformed += 1
                self._remark_once("version", f"{self.address}: {error}")
            except ValueError as error:
                self.malformed += 1
                text = f"ignored a malformed message: {str(error)[:200]!a}"
                self._remark_once("malformed", f"{self.address}: {text}")
        self.joined = self.joined or bool(found)
        return found

    def _remark_once(self, what, text):
        if what not in self._remarked:
            self._remarked.add(what)
            self._remark(text)

    def close(self):
        """Close the connection."""
        self.socket.disable_monitor()
        self.monitor.close(linger=0)
        self.socket.close(linger=0)


def _check(address):
    """Refuse an address for which ZeroMQ would wait without an error."""
    found = re.fullmatch(r"tcp://[^/]+:([0-9]{1,5})|ipc://.+", address)
    if not found or not 0 < int(found.group(1) or 1) < 65536:
        raise ValueError(_not_an_address(address))


def _not_an_address(address, why=""):
    return (
        f"{address!r} is not a valid address{why}; give tcp://HOST:PORT, such as "
        "tcp://127.0.0.1:5570, or ipc://FILE"
    )


class Subscriptions:
    """Connections to several publishers; a context manager.

    Args:
        addresses: addresses of the publishers.
        remark, keys: as for Subscription.
    """

    def __init__(self, addresses, remark, keys=None):
        self._context, self._poller = zmq.Context(), zmq.Poller()
        self._context.setsockopt(zmq.MAX_SOCKETS, 4096)
        self.each = []
        try:
            for address in dict.fromkeys(addresses):
                self.each.append(Subscription(address, self._context, remark, keys))
        except ValueError:
            self.close()
            raise
        for one in self.each:
            self._poller.register(one.socket, zmq.POLLIN)
            self._poller.register(one.monitor, zmq.POLLIN)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Close all connections."""
        for one in self.each:
            one.close()
        self._context.destroy(linger=0)

    def wait(self, seconds):
        """Return the next measurements, or [] if none arrives within `seconds`."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            self._poller.poll(max(0, int(1000 * left)))
            found = []
            for one in self.each:
                one.events()
                found += one.messages()
            if found or left <= 0:
                return found

    @property
    def joined(self):
        """Return whether each publisher has sent a measurement."""
        return all(one.joined for one in self.each)

    @property
    def malformed(self):
        """Return the number of ignored messages."""
        return sum(one.malformed for one in self.each)
