# SPDX-License-Identifier: GPL-3.0-or-later
"""Onset strip: BLER, attack and canceller over the last seconds."""

from ..reports import listening_block
from .mailbox import Mailbox
from .onset_window import OnsetPlot, window_of

SLOT = 0.02  # seconds; of a faster sender the newest message of each is drawn


class onset_strip(listening_block):
    """Draw over time how block errors follow an attack, and when it is found.

    Message port "in": messages of kind "counts", "psr" and "estimate"; others are
        ignored and counted.

    Args:
        title: above the plot.
        seconds: how much time is shown.
        floor: lowest BLER drawn, in (0, 1).
        frame_rate: pictures a second, at most 30; more than 20 count as 20.
    """

    def __init__(self, title="", seconds=20.0, floor=1e-5, frame_rate=15):
        listening_block.__init__(self, "onset_strip")
        self._plot = OnsetPlot(title, seconds, floor, frame_rate)
        self._mailbox, self._window = Mailbox(self._plot.record.take, SLOT), None
        self.listen("in", self._mailbox.post)

    def qwidget(self):
        """Return the widget; the first call makes it, in the thread of the window."""
        if self._window is None:
            self._window = window_of(self._plot, self._mailbox)
        return self._window

    def events(self):
        """Return (intervals, attacks, estimates) of the last seconds, {name: [...]}."""
        self._mailbox.collect()
        return self._plot.record.events()

    def refused(self):
        """Return how many messages were not understood."""
        self._mailbox.collect()
        return self._mailbox.refused
