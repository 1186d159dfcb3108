# SPDX-License-Identifier: GPL-3.0-or-later
"""Readout: shows the newest numbers of blocks that report, as lines of text."""

from advphy_model.measure.measurement_text import figures_of

from .display_block import message_display
from .message_record import MessageRecord

MOST_SENDERS = 24


class ReadoutRecord(MessageRecord):
    """A line of text for each block that reports."""

    def __init__(self):
        super().__init__()
        self._lines = {}

    def add(self, message):
        sender = str(message["name"]), message["kind"]
        if sender not in self._lines and len(self._lines) >= MOST_SENDERS:
            raise ValueError(f"more than {MOST_SENDERS} senders")
        self._lines[sender] = figures_of(message)

    def lines(self):
        with self.lock:
            self.collect()
            return [(name, text) for (name, _), text in sorted(self._lines.items())]


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
        message_display.__init__(self, ReadoutRecord(), title, frame_rate)

    def lines(self):
        """Return [(name, numbers as text)] of the blocks that reported, by name."""
        return self.record.lines()
