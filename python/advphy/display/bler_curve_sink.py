# SPDX-License-Identifier: GPL-3.0-or-later
"""BLER-curve sink: counts that arrive as messages fill in curves with intervals."""

from ..reports import listening_block
from .bler_curve_window import BlerPlot, window_of
from .mailbox import Mailbox


class bler_curve_sink(listening_block):
    """Draw the block error rates of counters over a setting while it is changed.

    Message port "in": messages of kind "counts"; others are ignored and counted.

    Args:
        title: above the plot.
        x: the key of settings that is the horizontal axis: "ebn0_db", "psr_db", ...
        first: left end of the axis.
        last: right end of it.
        floor: lowest BLER drawn, in (0, 1).
        closed_forms: links whose theory is drawn, with commas: "bpsk, hamming74_ml".
        csv: files of earlier counts to draw as thin lines, with commas.
        frame_rate: pictures a second, at most 30; more than 20 count as 20.
    """

    def __init__(
        self,
        title="",
        x="ebn0_db",
        first=0.0,
        last=10.0,
        floor=1e-6,
        closed_forms="",
        csv="",
        frame_rate=15,
    ):
        listening_block.__init__(self, "bler_curve_sink")
        self._plot = BlerPlot(
            title, x, first, last, floor, closed_forms, csv, frame_rate
        )
        self._mailbox, self._window = Mailbox(self._plot.points.take), None
        self.listen("in", self._mailbox.post)

    def qwidget(self):
        """Return the widget; the first call makes it, in the thread of the window."""
        if self._window is None:
            self._window = window_of(self._plot, self._mailbox)
        return self._window

    def curves(self):
        """Return what has been counted: {label: {x: (failures, blocks)}}."""
        self._mailbox.collect()
        return {
            f"{name}, {differs}" if differs else name: points
            for name, differs, _, _, points in self._plot.points.curves()
        }

    def refused(self):
        """Return how many messages were not understood."""
        self._mailbox.collect()
        return self._mailbox.refused
