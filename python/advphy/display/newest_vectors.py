# SPDX-License-Identifier: GPL-3.0-or-later
"""Base class of the displays of a stream, which never waits for them."""

import threading
import weakref

import numpy as np
from gnuradio import blocks, gr

from ..block_errors import guarded_block, kept_hier_block
from .display_block import window_owner


class NewestVectors:
    """The newest vectors of a stream; at most `points` are copied for each picture.

    `gate` is called with whether more vectors are needed. It holds no block, because a
    window may outlive its flowgraph.
    """

    def __init__(self, points, n, gate=lambda wanted: None):
        self._lock, self.gate, self._points = threading.Lock(), gate, points
        self._parts = [np.zeros((0, n), np.complex64)]
        self._count = 0  # vectors copied
        self._left = points  # still to be copied before the next newest()

    def put(self, vectors):
        """Copy the last vectors, unless enough were copied since newest()."""
        with self._lock:
            if self._left:
                self._parts.append(vectors[-self._left :].copy())
                self._count += len(self._parts[-1])
                self._left -= len(self._parts[-1])
                if not self._left:
                    self.gate(False)

    def state(self):
        return self._count

    def newest(self):
        """Return the vectors, complex64 [up to points, n], and ask for more."""
        with self._lock:
            self._parts = [np.concatenate(self._parts)[-self._points :]]
            self._left = self._points
            self.gate(True)
            return self._parts[0]


class vector_tap(guarded_block):
    """Put the vectors that pass the gate into a NewestVectors."""

    def __init__(self, name, record, n, gate):
        guarded_block.__init__(self, name, [(np.complex64, (n,))], None)
        self._record, self._gate = record, gate
        self.set_log_level("warn")

    def start(self):
        """Let the first vectors of this run pass, with the tag of the origin."""
        self._gate.set_tag_propagation_policy(gr.TPP_ALL_TO_ALL)
        self._record.newest()  # opens the gate
        return True

    def work(self, input_items, output_items):
        self._record.put(input_items[0])
        return len(input_items[0])


class stream_display(window_owner, kept_hier_block):
    """A display of vectors, complex64 [n], or of samples if it has a block `before`."""

    def __init__(self, record, n, *before):
        size = 8 if before else 8 * n
        ports = gr.io_signature(1, 1, size), gr.io_signature(0, 0, 0)
        kept_hier_block.__init__(self, type(self).__name__, *ports)
        self.gate, self.record = blocks.copy(8 * n), record
        gate = weakref.ref(self.gate)

        def open_gate(wanted):
            if (there := gate()) is not None:
                there.set_enabled(wanted)
                if not wanted:  # the tag of the origin, the first one, has passed
                    # GNU Radio would keep the others for ever behind a closed gate.
                    there.set_tag_propagation_policy(gr.TPP_DONT)

        record.gate, self.before = open_gate, before
        self.tap = vector_tap(type(self).__name__, record, n, self.gate)
        self.connect(self, *before, self.gate, self.tap)

    def newest(self):
        """Return the newest vectors, [up to points, n], and ask for more."""
        return self.record.newest()
