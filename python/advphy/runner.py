# SPDX-License-Identifier: GPL-3.0-or-later
"""How a flowgraph is run, so that a block's error is raised and signals end it.

`top_block` is a flowgraph that does so; `run` serves any, such as one of Companion.
"""

import contextlib
import threading

from gnuradio import gr

from .block_errors import failure, watched_flowgraphs
from .program_end import end_by_signals, end_with_program


def _first_error(flowgraph):
    return getattr(flowgraph, "_block_error", None)


@contextlib.contextmanager
def raising_errors(flowgraph):
    """Stop the flowgraph when one of its blocks fails; raise that error at the end."""
    ended = False

    def watch():
        with failure:
            failure.wait_for(lambda: ended or _first_error(flowgraph) is not None)
        if not ended:
            flowgraph.stop()

    with failure:
        watched_flowgraphs.add(flowgraph)
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        with failure:
            ended = True
            failure.notify_all()
        watcher.join()
        watched_flowgraphs.discard(flowgraph)
    error = _first_error(flowgraph)
    if error is not None:
        raise error


def run(flowgraph):
    """Run a gr.top_block; raise a block's error."""
    end_by_signals()
    with raising_errors(flowgraph):
        flowgraph.start()
        gr.top_block.wait(flowgraph)


class top_block(gr.top_block):
    """A flowgraph whose run() and wait() raise the error of a block.

    It keeps all blocks that are connected, so blocks without a variable of their own
    may be connected, even if they are not guarded.
    """

    def __init__(self, name="advphy", catch_exceptions=True):
        gr.top_block.__init__(self, name, catch_exceptions)
        self._connected = []

    def connect(self, *points):
        self._connected.extend(points)
        super().connect(*points)

    def msg_connect(self, *points):
        self._connected.extend(points)
        super().msg_connect(*points)

    def start(self, max_noutput_items=10_000_000):
        """Start the flowgraph; wait() raises the error if a block fails."""
        watched_flowgraphs.add(self)
        end_by_signals()
        end_with_program(self)
        super().start(max_noutput_items)

    def wait(self):
        """Wait for the end of the flowgraph; raise the error if a block fails."""
        with raising_errors(self):
            super().wait()
