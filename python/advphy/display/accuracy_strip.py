# SPDX-License-Identifier: GPL-3.0-or-later
"""Accuracy strip: draws the share of labels that each Eve reads, over time."""

import collections
import math

from advphy_model.checked_values import checked_number

from .display_block import checked_seconds, message_display
from .message_record import MessageRecord, Totals

POINT_SECONDS = 0.5  # whose items are a point
FEWEST = 10  # items of a point; fewer are added to the next half second


class AccuracyRecord(MessageRecord):
    """Messages of accuracy counters; arguments: see accuracy_strip."""

    KINDS = frozenset({"accuracy"})
    SLOT = 0.1  # seconds; the newest message of each is enough

    def __init__(self, seconds=60.0, chance=0.1):
        super().__init__()
        rule = "(share that a guess finds; 0 draws no line)"
        self.chance = checked_number("chance", chance, 0, 1, rule)
        self.seconds = checked_seconds(seconds)
        self._totals, self._points = Totals(), {}

    def add(self, message):
        time, first = float(message["time"]), int(message["first_frame"])
        if not math.isfinite(time):
            raise ValueError("time is not finite")
        name, frames = str(message["name"]), int(message["frames"])
        more = self._totals.added(name, first, frames, int(message["correct"]))
        if more[0] <= 0 or more[1] < 0:
            return
        kept = self._points.setdefault(name, collections.OrderedDict())
        slot = math.floor(time / POINT_SECONDS)
        frames, correct = kept.get(slot, (0, 0))
        kept[slot] = frames + more[0], correct + more[1]
        while next(iter(kept)) * POINT_SECONDS < time - self.seconds - POINT_SECONDS:
            kept.popitem(last=False)

    def points(self):
        """Return {name: [(end of the slot in s, share of the labels)]}."""
        with self.lock:
            self.collect()
            return {name: _shares(kept) for name, kept in self._points.items()}


def _shares(kept):
    """Return [(end in s, share)] of half seconds, each with enough items."""
    found, frames, correct = [], 0, 0
    for at, (more, right) in kept.items():
        frames, correct = frames + more, correct + right
        if frames >= FEWEST:
            found.append(((at + 1) * POINT_SECONDS, correct / frames))
            frames = correct = 0
    return found


class accuracy_strip(message_display):
    """Draw the share of the labels that each accuracy counter finds right, over time.

    Message port "in": messages of kind "accuracy". Those of the other known kinds are
        ignored; unknown messages are counted as refused.

    Args:
        title: title above the plot.
        seconds: time that is shown, 1..3600 s.
        chance: share in 0..1 that a guess finds, drawn as a line; 0: none.
        frame_rate: pictures a second, at most 30; more than 20 count as 20.
    """

    WINDOW = ("accuracy_window", "AccuracyWindow")

    def __init__(self, title="", seconds=60.0, chance=0.1, frame_rate=15):
        record = AccuracyRecord(seconds, chance)
        message_display.__init__(self, record, title, frame_rate)

    def points(self):
        """Return {name: [(time in s, share of the labels in 0..1)]}."""
        return self.record.points()
