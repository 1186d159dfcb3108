# SPDX-License-Identifier: GPL-3.0-or-later
"""Readout: shows the newest numbers of blocks that report, as lines of text."""

from .display_block import message_display
from .readout_record import ReadoutRecord


class readout(message_display):
    """Show a line for each block that reports: its name and its newest numbers.

    Message port "in": messages of any number of counters, meters, cancellers,
        perturbation sources, synchronizers and Alice's modules; others are counted as
        refused.

    Args:
        title: title above the lines.
        frame_rate: updates a second, at most 30; more than 20 count as 20.
    """

    WINDOW = ("readout_window", "ReadoutWindow")

    def __init__(self, title="", frame_rate=5):
        message_display.__init__(self, "readout", ReadoutRecord(), title, frame_rate)

    def lines(self):
        """Return [(name, numbers as text)] of the blocks that reported, by name."""
        return self.record.lines()
