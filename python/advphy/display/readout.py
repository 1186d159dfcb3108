# SPDX-License-Identifier: GPL-3.0-or-later
"""Readout: the newest figures of counters, meters and cancellers as lines of text."""

import threading

import pmt

from ..reports import listening_block
from .display_arguments import checked_frame_rate
from .readout_text import line_of
from .readout_window import readout_window

MOST_SENDERS = 24
_KIND, _NAME = pmt.intern("kind"), pmt.intern("name")


class readout(listening_block):
    """Show a line for each block that reports: its name and its newest figures.

    Message port "in": messages of any number of counters, meters, cancellers, of
        perturbation sources, synchronisers and Alice's modules; others are counted and
        left out.

    Args:
        title: above the lines.
        frame_rate: how often a second the lines are written anew, at most 30; more
            than 20 count as 20.
    """

    def __init__(self, title="", frame_rate=5):
        listening_block.__init__(self, "readout")
        self._title, self._frame_rate = str(title), checked_frame_rate(frame_rate)
        self._lock, self._newest, self._refused = threading.Lock(), {}, 0
        self._window = None
        self.listen("in", self._take)

    def _take(self, message):
        try:
            kind, name = (
                pmt.symbol_to_string(pmt.dict_ref(message, key, pmt.PMT_NIL))
                for key in (_KIND, _NAME)
            )
        except Exception:  # PMT raises several kinds for what is not such a dictionary
            kind, name = None, None
        with self._lock:
            full = len(self._newest) >= MOST_SENDERS
            if kind is None or (full and (name, kind) not in self._newest):
                self._refused += 1
            else:  # decoding costs more than keeping it, so it waits until it is shown
                self._newest[name, kind] = message

    def refused(self):
        """Return how many messages were left out."""
        with self._lock:
            return self._refused

    def lines(self):
        """Return [(name, figures in words)] of those who reported, by their names."""
        with self._lock:
            newest = sorted(self._newest.items())
        found = []
        for (name, kind), message in newest:
            try:
                text = line_of(kind, pmt.to_python(message))
            except (KeyError, TypeError, ValueError, RuntimeError):
                text = "a message that is not understood"
            if text is not None:
                found.append((name, text))
        return found

    def qwidget(self):
        """Return the widget; the first call makes it, in the thread of the window."""
        if self._window is None:
            self._window = readout_window(self.lines, self._title, self._frame_rate)
        return self._window
