# SPDX-License-Identifier: GPL-3.0-or-later
"""A publisher for tests that needs no GNU Radio, and what it publishes."""

import contextlib
import queue
import threading
import time

import zmq
from advphy_model.measure import published

SHA = "ab" * 32


def said(name, blocks, errors, settings, **more):
    """Return what an error counter says."""
    bler = errors / blocks if blocks else 0.0
    figures = {"blocks": blocks, "block_errors": errors, "erasures": 0, "bler": bler}
    link = {"link": "bpsk", "model_sha256": SHA, "seed": 1, "first_block": 0}
    return (
        {"kind": "counts", "name": name, "settings": settings} | link | figures | more
    )


def counts(name="mine", blocks=100, errors=1, **more):
    """Return a measurement of an error counter; settings=, run= or figures."""
    run, sequence = more.pop("run", "0123456789abcdef"), more.pop("sequence", 0)
    settings = {"ebn0_db": 3.0, "kind": "awgn"} | more.pop("settings", {})
    more = {"block": name, "time": time.time()} | more
    message = said(name, blocks, errors, settings, **more)
    return published.measurement(message, "demo", run, sequence)


@contextlib.contextmanager
def publisher(*states, address="tcp://127.0.0.1:*"):
    """Yield (address, send); who joins gets the states."""
    context, waiting, ending = zmq.Context(), queue.SimpleQueue(), threading.Event()
    socket = context.socket(zmq.XPUB)
    if states:
        socket.setsockopt(
            zmq.XPUB_WELCOME_MSG, published.encode(published.states(states))
        )
    socket.bind(address)

    def serve():  # ZMQ lets nobody in while its socket is not looked at
        while not ending.is_set():
            while not waiting.empty():
                socket.send(waiting.get())
            if socket.poll(10):
                socket.recv()
        socket.close(linger=0)

    thread = threading.Thread(target=serve)
    bound = socket.getsockopt_string(zmq.LAST_ENDPOINT)
    thread.start()
    try:
        yield (
            bound,
            lambda d: waiting.put(d if isinstance(d, bytes) else published.encode(d)),
        )
    finally:
        ending.set()
        thread.join()
        context.destroy(linger=0)
