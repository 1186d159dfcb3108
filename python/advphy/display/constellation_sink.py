# SPDX-License-Identifier: GPL-3.0-or-later
"""Constellation sink: draws received symbols over the codebook."""

import threading
import weakref

import numpy as np
from advphy_model.link.links import load
from gnuradio import blocks, gr

from ..block_errors import guarded_block, kept_hier_block
from ..stream_tags import of_link
from .display_block import checked_count, window_owner

MOST_POINTS = 10_000


class ConstellationRecord:
    """The newest received vectors; at most `points` are copied for each picture.

    `gate` is called with whether more vectors are needed. It holds no block, because a
    window may outlive its flowgraph.
    """

    def __init__(self, points, codebook, channel_use=-1, gate=lambda wanted: None):
        self.codebook, self.channel_use = codebook, channel_use
        self._lock, self._gate, self._points = threading.Lock(), gate, points
        self._parts = [np.zeros((0, codebook.shape[1]), np.complex64)]
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
                    self._gate(False)

    def state(self):
        return self._count, self.channel_use

    def newest(self):
        """Return the vectors, complex64 [up to points, n], and ask for more."""
        with self._lock:
            self._parts = [np.concatenate(self._parts)[-self._points :]]
            self._left = self._points
            self._gate(True)
            return self._parts[0]


class symbol_tap(guarded_block):
    """Put the vectors that pass the gate into a ConstellationRecord."""

    def __init__(self, record, n):
        guarded_block.__init__(self, "constellation_sink", [(np.complex64, (n,))], None)
        self._record = record
        self.set_log_level("warn")

    def work(self, input_items, output_items):
        self._record.put(input_items[0])
        return len(input_items[0])


class constellation_sink(window_owner, kept_hier_block):
    """Draw the newest received symbols over the symbols of all codewords.

    The stream does not wait: a gate passes at most `points` vectors for each picture
    and drops the others without Python. Symbols that are not finite are not drawn.

    Input: received vectors, complex64 [n]

    Args:
        model: link model, or its name or file; its n and codebook are used.
        title: title above the plot.
        channel_use: symbol of a codeword, 0..n-1; -1: each in its own plane, or all in
            one plane where n > 8. set_channel_use changes it.
        points: number of symbols that are drawn for a channel use, 1..10000.
        frame_rate: pictures a second, at most 30; more than 20 count as 20.
    """

    WINDOW = ("panels_window", "ConstellationWindow")

    def __init__(self, model, title="", channel_use=-1, points=1000, frame_rate=15):
        self._model = load(model)
        points = checked_count("points", points, MOST_POINTS, "symbols")
        self.set_window(str(title), frame_rate)
        channel_use = self._checked(channel_use)
        n = self._model.n
        vectors, none = gr.io_signature(1, 1, 8 * n), gr.io_signature(0, 0, 0)
        kept_hier_block.__init__(self, "constellation_sink", vectors, none)
        self.gate = blocks.copy(8 * n)
        gate = weakref.ref(self.gate)

        def open_gate(wanted):
            if (there := gate()) is not None:
                there.set_enabled(wanted)

        codebook = self._model.codebook
        self.record = ConstellationRecord(points, codebook, channel_use, open_gate)
        self.tap = symbol_tap(self.record, n)
        self.tap.expected = (of_link(self._model),)
        self.connect(self, self.gate, self.tap)

    def _checked(self, channel_use):
        uses = range(-1, self._model.n)
        if not isinstance(channel_use, bool) and channel_use in uses:
            return int(channel_use)
        raise ValueError(
            f"channel_use must be 0..{self._model.n - 1}, one of the symbols of "
            f"{self._model.name}, or -1 for all of them, got {channel_use!r}"
        )

    def set_channel_use(self, channel_use):
        """Draw another symbol of the codewords, 0..n-1, or all: -1."""
        self.record.channel_use = self._checked(channel_use)

    def channel_use(self):
        """Return the symbol that is drawn, or -1."""
        return self.record.channel_use

    def newest(self):
        """Return the newest vectors, [up to points, n], and ask for more."""
        return self.record.newest()
