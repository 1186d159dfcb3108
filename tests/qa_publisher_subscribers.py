# SPDX-License-Identifier: GPL-3.0-or-later
"""What subscribers may do to a publisher: many, slow, mad ones; nothing comes of it."""

import contextlib
import json
import os
import socket
import struct
import threading

import pytest
import zmq
from advphy_model.measure import published
from gnuradio import advphy
from gnuradio.advphy.measure import front_door, publishing_socket
from gnuradio.advphy.measure.publishing_socket import PublishingSocket

from . import left_open
from .published_messages import counts
from .while_running import until

ANY = "tcp://127.0.0.1:*"
# ZMTP 3.0: signature, version, mechanism, as-server, filler (rfc.zeromq.org/spec/23)
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\0" + b"NULL".ljust(20, b"\0") + bytes(32)
READY = b"\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x03SUB"


class Served:
    """A publishing socket that is served by a thread, as in a publisher."""

    def __init__(self):
        self.socket = PublishingSocket(ANY)
        self.address = self.socket.address
        self.port = int(self.address.rpartition(":")[2])
        self.turns, self._queue = 0, []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def send(self, message):
        self._queue.append(message)

    def _serve(self):
        self.socket.begin()
        while not self._stopping.is_set():
            while self._queue:
                self.socket.send(self._queue.pop(0))
            self.socket.turn(0.01)
            self.turns += 1
        self.socket.close()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        self._thread.join(5)
        assert not self._thread.is_alive()

    def raw(self, zmtp=False):
        """Return a TCP connection, which speaks ZMTP as a subscriber if wanted."""
        made = socket.create_connection(("127.0.0.1", self.port), 2)
        if zmtp:
            made.sendall(GREETING)
            made.recv(len(GREETING), socket.MSG_WAITALL)
            made.sendall(READY)
            made.recv(2, socket.MSG_WAITALL)  # the publisher's READY begins
        return made


def subscriber(context, address, **options):
    """Return a socket that subscribes to all; RCVHWM= and other options of ZMQ."""
    made = context.socket(zmq.SUB)
    for name, value in options.items():
        made.setsockopt(getattr(zmq, name), value)
    made.connect(address)
    made.setsockopt(zmq.SUBSCRIBE, b"")
    return made


def wait_until_served(served):
    """Send until a subscriber that joins now has received it."""
    context = zmq.Context()
    try:
        reader = subscriber(context, served.address)
        while not reader.poll(10) or reader.recv() != b"still here":
            served.send(b"still here")
    finally:
        context.destroy(linger=0)


def flood(connection, data, most):
    """Send data until the other side takes no more; return the bytes that went."""
    sent = 0
    connection.settimeout(0.1)
    with contextlib.suppress(OSError):  # of which TimeoutError is one
        while sent < most:
            sent += connection.send(data)
    return sent


def subscription(number, size=32):
    topic = b"\1" + (b"%d" % number).rjust(size, b"x")
    return struct.pack(">BB", 0, len(topic)) + topic


GARBAGE = {
    "random bytes": (False, os.urandom(65536)),
    "zeros": (False, bytes(65536)),
    "http": (False, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 1000),
    "a greeting and no more": (False, GREETING),
    "random bytes after the handshake": (True, os.urandom(65536)),
    "a frame of 2^62 bytes": (True, b"\2" + struct.pack(">Q", 2**62) + bytes(65536)),
    "a topic of 1 MB": (True, b"\2" + struct.pack(">Q", 2**20) + b"\1" + bytes(2**20)),
    "frames that are no subscriptions": (True, b"\0\4oops" * 10_000),
    "frames in parts": (True, b"\1\4oops" * 10_000),
    "cancellations": (True, b"\0\5\0oops" * 10_000),
    "one topic again and again": (True, b"\0\5\1oops" * 10_000),
    "empty parts": (True, b"\1\0" * 32768),
    "unlike topics": (True, b"".join(map(subscription, range(100_000)))),
    "long unlike topics": (True, b"".join(subscription(i, 250) for i in range(50_000))),
    "on and off": (True, b"\0\5\1oops\0\5\0oops" * 10_000),
}


@pytest.mark.parametrize("what", GARBAGE)
def test_a_subscriber_that_sends_garbage_changes_nothing(what):
    zmtp, data = GARBAGE[what]
    most = 50_000_000
    with Served() as served:
        before = left_open.resident_mib()
        for _ in range(2):
            with served.raw(zmtp) as connection:
                flood(connection, data, most)
        wait_until_served(served)
        assert left_open.resident_mib() - before < 40


def test_connections_above_the_limit_are_closed_and_the_others_stay():
    with Served() as served, contextlib.ExitStack() as stack:
        context = zmq.Context()
        reader = subscriber(context, served.address)
        until(lambda: served.send(b"first") or reader.poll(10))
        for _ in range(front_door.MOST_GUESTS - 1):
            stack.enter_context(served.raw(zmtp=True))
        with served.raw() as refused:
            assert refused.recv(1) == b""
        served.send(b"last")
        while reader.recv() != b"last":
            pass
        context.destroy(linger=0)


def test_the_garbage_collector_may_close_it_in_the_thread_of_its_door(monkeypatch):
    async def collect(*_):
        made._unused()

    made = PublishingSocket(ANY)
    thread = made._doors[0]._thread
    monkeypatch.setattr(front_door, "_pass_on", collect)
    with socket.create_connection(("127.0.0.1", int(made.address[16:]))):
        thread.join()
    PublishingSocket(made.address).close()


def test_large_requests_of_another_protocol_one_after_the_other():
    request = b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: " + bytes(20_000) + b"\r\n\r\n"
    with Served() as served:
        for _ in range(10):
            with served.raw() as connection:
                flood(connection, request, most=len(request))
        wait_until_served(served)


def subscribed(address, folder, secret=True):
    """Return (context, socket) of a subscriber that has the keys of a folder."""
    context, keys = zmq.Context(), {}
    if folder is not None:
        server, _ = publishing_socket.key_of(folder, "publisher", False)
        pair = publishing_socket.key_of(folder, "subscriber", True)
        public, private = pair if secret else zmq.curve_keypair()
        keys = {"CURVE_SERVERKEY": server, "CURVE_PUBLICKEY": public}
        keys["CURVE_SECRETKEY"] = private
    return context, subscriber(context, address, **keys)


def test_with_keys_only_who_has_the_subscribers_reads_along(tmp_path):
    files = publishing_socket.make_keys(tmp_path / "keys")
    secret = [file.stat().st_mode & 0o777 for file in files if "secret" in file.name]
    assert set(secret) == {0o600}
    served = PublishingSocket("tcp://0.0.0.0:*", keys=tmp_path / "keys")
    address = served.address.replace("0.0.0.0", "127.0.0.1")
    readers = [
        subscribed(address, tmp_path / "keys"),
        subscribed(address, tmp_path / "keys", secret=False),
        subscribed(address, None),
    ]
    try:
        while not readers[0][1].poll(50):
            served.turn(0.05)
            served.send(b"secret")
        assert [reader.poll(100) > 0 for _, reader in readers] == [True, False, False]
    finally:
        served.close()
        for context, _ in readers:
            context.destroy(linger=0)


def test_keys_that_are_not_there_are_named(tmp_path):
    with pytest.raises(ValueError, match="`advphy publish-keys FOLDER` makes keys"):
        PublishingSocket(ANY, keys=tmp_path)
    publishing_socket.make_keys(tmp_path / "keys")
    with pytest.raises(OSError, match="exists"):
        publishing_socket.make_keys(tmp_path / "keys")


def test_a_hundred_subscribers_get_every_message_and_the_states():
    with Served() as served:
        states = published.states([counts("a"), counts("b")])
        served.socket.welcome(published.encode(states))
        context = zmq.Context()
        context.setsockopt(zmq.MAX_SOCKETS, 4096)
        readers = [subscriber(context, served.address) for _ in range(100)]
        try:
            for reader in readers:  # who has the states has subscribed, too
                assert len(published.decode(reader.recv())) == 2
            for number in range(20):
                served.send(published.encode(counts(blocks=number + 1)))
            for reader in readers:
                found = [published.decode(reader.recv()) for _ in range(20)]
                assert [m["blocks"] for (m,) in found] == list(range(1, 21))
        finally:
            context.destroy(linger=0)


def stream(least, silent_readers):
    """Publish messages of a link; return (numbers heard, published, MiB grown)."""
    flowgraph, publisher = advphy.top_block(), advphy.publisher(ANY)
    link = advphy.link("autoencoder_mlp", 3.0, latency=8192)
    flowgraph.connect(link)
    flowgraph.msg_connect((link, "counts"), (publisher, "in"))
    context, little = zmq.Context(), {"RCVHWM": 1, "RCVBUF": 4096}
    address = publisher.address()
    silent = [subscriber(context, address, **little) for _ in range(silent_readers)]
    heard = subscriber(context, address, RCVHWM=0)
    flowgraph.start()
    before = left_open.resident_mib()
    until(lambda: publisher.counts()["published"] >= least and heard.poll(0))
    flowgraph.stop()
    flowgraph.wait()
    grown = left_open.resident_mib() - before
    messages = []
    while heard.poll(1000):
        messages.append(json.loads(heard.recv()))
    found = [m["sequence"] for m in messages if m["kind"] != "states"]
    assert not any(reader.closed for reader in silent)
    context.destroy(linger=0)
    return found, publisher.counts()["published"], grown


@pytest.mark.parametrize("least", [40, pytest.param(1200, marks=pytest.mark.slow)])
def test_subscribers_that_read_nothing_change_nothing(least):
    heard, published_, grown = stream(least, 20)
    assert heard == list(range(heard[0], published_))  # all, once it has joined
    assert grown < 64


def test_a_message_larger_than_what_a_dead_reader_takes_does_not_wait():
    with Served() as served:
        served.socket.welcome(b"joined")
        context = zmq.Context()
        dead = subscriber(context, served.address, RCVHWM=1, RCVBUF=4096)
        dead.recv()
        for _ in range(300):  # 30 MB: more than all buffers together
            served.send(bytes(100_000))
        wait_until_served(served)
        assert not dead.closed
        context.destroy(linger=0)
