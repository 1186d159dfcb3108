# SPDX-License-Identifier: GPL-3.0-or-later
"""Readout: the newest figures of counters, meters and cancellers as lines of text."""

from .display_block import message_display
from .readout_record import ReadoutRecord


class readout(message_display):
    """Show a line for each block that reports: its name and its newest figures.

    Message port "in": messages of any number of counters, meters, cancellers, of
        perturbation sources, synchronizers and Alice's modules; others are counted and
        left out.

    Args:
        title: above the lines.
        frame_rate: how often a second the lines are written anew, at most 30; more
            than 20 count as 20.
    """

    WINDOW = "readout_window", "ReadoutWindow"

    def __init__(self, title="", frame_rate=5):
        message_display.__init__(self, "readout", ReadoutRecord(), title, frame_rate)

    def lines(self):
        """Return [(name, figures in words)] of those who reported, by their names."""
        return self.record.lines()
