# SPDX-License-Identifier: GPL-3.0-or-later
"""A publisher for tests that needs no GNU Radio, and what it publishes."""

import contextlib
import time

import zmq
from advphy_model import published

SHA = "ab" * 32


def counts(name="mine", blocks=100, errors=1, **more):
    """Return a measurement of an error counter; settings=, run= or figures."""
    run, sequence = more.pop("run", "0123456789abcdef"), more.pop("sequence", 0)
    settings = {"ebn0_db": 3.0, "kind": "awgn"} | more.pop("settings", {})
    said = {
        "kind": "counts", "name": name, "block": name, "time": time.time(),
        "settings": settings, "link": "bpsk", "model_sha256": SHA, "seed": 1,
        "first_block": 0, "blocks": blocks, "block_errors": errors, "erasures": 0,
        "bler": errors / blocks,
    }  # fmt: skip
    return published.measurement(said | more, "demo", run, sequence)


@contextlib.contextmanager
def publisher(*states, address="tcp://127.0.0.1:*"):
    """Yield (address, send); who joins gets the states."""
    context = zmq.Context()
    socket = context.socket(zmq.XPUB)
    if states:
        socket.setsockopt(
            zmq.XPUB_WELCOME_MSG, published.encode(published.states(states))
        )
    socket.bind(address)

    def send(data):
        socket.send(data if isinstance(data, bytes) else published.encode(data))

    try:
        yield socket.getsockopt_string(zmq.LAST_ENDPOINT), send
    finally:
        socket.close(linger=0)
        context.destroy(linger=0)


def wait_for_subscriber(send, received, message, seconds=5.0):
    """Send a message again and again until received() says that one arrived."""
    end = time.monotonic() + seconds
    while not received() and time.monotonic() < end:
        send(message)
        time.sleep(0.02)
    assert received(), "no subscriber came"
