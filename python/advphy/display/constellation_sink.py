# SPDX-License-Identifier: GPL-3.0-or-later
"""Constellation sink: received symbols over the codebook."""

import threading

import numpy as np
from advphy_model.link.links import load
from gnuradio import blocks, gr

from ..guard import guarded_block
from .constellation_window import constellation_window
from .display_arguments import checked_frame_rate

MOST_POINTS = 10_000


class NewestSymbols:
    """The newest received vectors, of which few are copied for each picture.

    Args:
        points: how many vectors are kept.
        n: channel uses.
        gate: function of whether more vectors are wanted.
    """

    def __init__(self, points, n, gate=lambda wanted: None):
        self._lock, self._gate = threading.Lock(), gate
        self._ring = np.zeros((points, n), np.complex64)
        self._count = 0  # vectors written
        self._left = points  # wanted until somebody asks for more

    def put(self, vectors):
        """Copy the last of them, unless enough were copied since ask()."""
        with self._lock:
            if not self._left:
                return
            vectors = vectors[-self._left :]
            size, at = len(self._ring), self._count % len(self._ring)
            first = min(len(vectors), size - at)
            self._ring[at : at + first] = vectors[:first]
            self._ring[: len(vectors) - first] = vectors[first:]
            self._count += len(vectors)
            self._left -= len(vectors)
            if not self._left:
                self._gate(False)

    def ask(self):
        """Want as many vectors again as are kept."""
        with self._lock:
            self._left = len(self._ring)
            self._gate(True)

    def count(self):
        """Return how many vectors have been copied so far."""
        return self._count

    def newest(self):
        """Return the vectors, complex64 [up to points, n], in any order."""
        with self._lock:
            return self._ring[: self._count].copy()


class symbol_tap(guarded_block):
    """Give NewestSymbols what the gate lets through."""

    def __init__(self, newest, n):
        guarded_block.__init__(self, "symbol_tap", [(np.complex64, n)], None)
        self._newest = newest
        self.set_log_level("warn")

    def work(self, input_items, output_items):
        self._newest.put(input_items[0])
        return len(input_items[0])


class constellation_sink(gr.hier_block2):
    """Draw the newest received symbols over the codewords that may have been sent.

    The stream does not wait: a gate lets through at most `points` vectors for each
    picture and drops the rest without Python. Symbols that are not finite are left out.

    Input: received vectors, complex64 [n]

    Args:
        model: link model, or the name or file of one; gives n and the codebook.
        title: above the plot.
        channel_use: which symbol of a codeword, 0..n-1; -1: each in a panel of its own,
            or all in one plane where n > 8. set_channel_use changes it.
        points: how many symbols of a channel use are drawn, 1..10000.
        frame_rate: pictures a second, at most 30; more than 20 count as 20.
    """

    def __init__(self, model, title="", channel_use=-1, points=1000, frame_rate=15):
        self._model = load(model)
        if isinstance(points, bool) or points not in range(1, MOST_POINTS + 1):
            raise ValueError(
                f"points = {points!r}, wanted a whole number of symbols, "
                f"1..{MOST_POINTS}; the eye tells no more apart"
            )
        self._title, self._window = str(title), None
        self._frame_rate = checked_frame_rate(frame_rate)
        self.set_channel_use(channel_use)
        n = self._model.n
        gr.hier_block2.__init__(
            self,
            "constellation_sink",
            gr.io_signature(1, 1, 8 * n),
            gr.io_signature(0, 0, 0),
        )
        self.gate = blocks.copy(8 * n)
        self._newest = NewestSymbols(int(points), n, self.gate.set_enabled)
        self.tap = symbol_tap(self._newest, n)
        self.connect(self, self.gate, self.tap)

    def set_channel_use(self, channel_use):
        """Draw another symbol of the codewords, 0..n-1, or all: -1."""
        if isinstance(channel_use, bool) or channel_use not in range(-1, self._model.n):
            raise ValueError(
                f"channel_use = {channel_use!r}, wanted 0..{self._model.n - 1}, one of "
                f"the {self._model.n} symbols of {self._model.name}, or -1: all"
            )
        self._channel_use = int(channel_use)

    def channel_use(self):
        """Return which symbol is drawn, or -1."""
        return self._channel_use

    def newest(self):
        """Return the newest vectors copied, [up to points, n], and ask for more."""
        found = self._newest.newest()
        self._newest.ask()
        return found

    def qwidget(self):
        """Return the widget; the first call makes it, in the thread of the window."""
        if self._window is None:
            self._window = constellation_window(
                self._model,
                self._newest,
                self.channel_use,
                self._title,
                self._frame_rate,
            )
        return self._window
