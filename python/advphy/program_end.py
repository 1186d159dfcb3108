# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends of programs, which must not come while GNU Radio's threads call Python."""

import atexit
import signal
import sys
import threading
import time
import weakref

from advphy_model import kernels
from gnuradio import gr

STOP_SECONDS = 2.0  # then the program ends nevertheless
_flowgraphs = weakref.WeakSet()


def end_by_signals():
    """Let SIGTERM and SIGHUP end the program as sys.exit does.

    A radio then ends in zeros. `run` and `top_block` call it; a program with GNU
    Radio's own top_block has to call it, as those of GNU Radio Companion do. A handler
    that is already set stays.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # Python sets handlers only in the main thread
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, end_program)


def end_program(number, frame):
    """Exit; SIGHUP by the handler of SIGTERM, as Companion's programs set their own."""
    handler = signal.getsignal(signal.SIGTERM)
    if number == signal.SIGTERM or handler is end_program or not callable(handler):
        sys.exit(128 + number)
    handler(number, frame)


def end_with_program(flowgraph):
    """Let a flowgraph stop before it or the program ends, so that its blocks finish."""
    if flowgraph not in _flowgraphs:
        _flowgraphs.add(flowgraph)
        weakref.finalize(flowgraph, _end, flowgraph._impl).atexit = False


def _end(implementation):
    # Its destructor waits for threads that wait for Python, which it does not release.
    gr.top_block_stop_unlocked(implementation)
    wait = gr.top_block_wait_unlocked
    waiter = threading.Thread(target=wait, args=(implementation,), daemon=True)
    waiter.start()
    waiter.join(STOP_SECONDS)  # for ever in one of its own threads


@atexit.register
def _stop_flowgraphs():
    # A second signal shall not cut this short.
    handlers = {
        number: signal.signal(number, signal.SIG_IGN)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    for flowgraph in list(_flowgraphs):
        flowgraph.stop()
    latest = time.monotonic() + STOP_SECONDS
    while kernels.kept_thread_states() and time.monotonic() < latest:
        time.sleep(0.01)
    for number, handler in handlers.items():
        if handler is not None:  # None: one that was not set by Python
            signal.signal(number, handler)
