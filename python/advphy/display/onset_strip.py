# SPDX-License-Identifier: GPL-3.0-or-later
"""Onset strip: draws BLER, attack and canceller over the last seconds."""

from .display_block import message_display
from .onset_record import OnsetRecord


class onset_strip(message_display):
    """Draw block error rates, attacks and detections over time.

    Message port "in": messages of kind "counts", "psr" and "estimate". Those of the
        other known kinds are ignored; unknown messages are counted as refused.

    Args:
        title: title above the plot.
        seconds: time that is shown, 1..3600 s.
        floor: lowest BLER that is drawn, 1e-15..0.5.
        frame_rate: pictures a second, at most 30; more than 20 count as 20.
    """

    WINDOW = ("onset_window", "OnsetWindow")

    def __init__(self, title="", seconds=20.0, floor=1e-5, frame_rate=15):
        record = OnsetRecord(seconds, floor)
        message_display.__init__(self, "onset_strip", record, title, frame_rate)

    def events(self):
        """Return (intervals, attacks, estimates) of the last seconds, {name: [...]}."""
        return self.record.events()
