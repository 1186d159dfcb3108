# SPDX-License-Identifier: GPL-3.0-or-later
"""Record of the readout: the newest numbers of each sender."""

from advphy_model.measure.measurement_text import figures_of

from .message_record import MessageRecord

MOST_SENDERS = 24


class ReadoutRecord(MessageRecord):
    """A line of text for each block that reports."""

    def __init__(self):
        super().__init__()
        self._lines = {}

    def add(self, message):
        """Add a message of any kind."""
        sender = str(message["name"]), message["kind"]
        if sender not in self._lines and len(self._lines) >= MOST_SENDERS:
            raise ValueError(f"more than {MOST_SENDERS} senders")
        self._lines[sender] = figures_of(message)

    def lines(self):
        """Return [(name, numbers as text)] of the blocks that reported, by name."""
        with self.lock:
            self.collect()
            return [(name, text) for (name, _), text in sorted(self._lines.items())]
