# SPDX-License-Identifier: GPL-3.0-or-later
"""Base class of the meters: sums for each segment of constant settings."""

from dataclasses import dataclass, field
from itertools import pairwise

from advphy_model.randomness import checked_index

from ..air.noisy_channel import TAG as CHANNEL_TAG
from ..block_errors import guarded_block
from ..reports import Reporter
from ..transmit.alice_arn import TAG as ALICE_TAG
from .setting_follower import setting_follower


@dataclass
class MeterSegment:
    """Sums under constant settings.

    Args:
        first_frame: index of its first item.
        settings: settings from the tags and from set_settings.
        sums: dictionary of numbers.
    """

    first_frame: int
    settings: dict = field(default_factory=dict)
    sums: dict = field(default_factory=dict)


class segmented_meter(setting_follower):
    """Add up sums in segments; a "channel" or "alice" tag begins a new one.

    A "frame" tag of the burst synchronizer gives the index of the next item.

    A subclass implements sums(items, first_frame), a dictionary of numbers that are
    added up, and figures(sums), a dictionary of results that are published with them.

    Args:
        name: name of the block; first_frame and settings: see distortion_meter.
        item: (dtype, length) or dtype of the input.
        port: name of the message port, which is also the kind of its messages and the
            default name of the block in displays.
        shown_as: name of the block in displays, or "".
    """

    SEGMENT, COUNTED, TAGS = MeterSegment, "sums", (CHANNEL_TAG, ALICE_TAG)

    def __init__(self, name, item, first_frame, port, settings, shown_as):
        guarded_block.__init__(self, name, [item], None)
        first = checked_index("first_frame", first_frame)
        self.follow(first, Reporter(self, port, port, shown_as, port), settings)
        self.set_log_level("warn")

    def total(self):
        """Return the sums over all segments."""
        total = {}
        for segment in self.segments():
            for name, value in segment.sums.items():
                total[name] = total.get(name, 0) + value
        return total

    def work(self, input_items, output_items):
        items, read = input_items[0], self.nitems_read(0)
        tags = self.get_tags_in_window(0, 0, len(items))
        changes = self._changes(tags, read)
        runs = self._runs(tags, read, len(items))
        edges = sorted({0, *changes, *(run[0] for run in runs), len(items)})
        for begin, end in pairwise(edges):
            first = next(i + begin - b for b, e, i, _ in runs if b <= begin < e)
            if begin in changes:
                self._open(first, changes[begin])
            more = self.sums(items[begin:end], first)
            with self._lock:
                sums = self._segments[-1].sums
                for name, value in more.items():
                    sums[name] = sums.get(name, 0) + value
        if self._reporter.due():
            self._publish(self.segments()[-1])
        return len(items)

    def _publish(self, segment):
        message = {"first_frame": segment.first_frame} | segment.sums
        self._reporter.send(message | self.figures(segment.sums), segment.settings)
