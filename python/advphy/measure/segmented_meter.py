# SPDX-License-Identifier: GPL-3.0-or-later
"""What meters share: sums per segment of constant settings, published now and then."""

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
    """What was summed up between two changes of the settings.

    Args:
        first_frame: index of its first frame.
        settings: of the tags "channel" and "alice"; empty where there was none.
        sums: numbers by name.
    """

    first_frame: int
    settings: dict = field(default_factory=dict)
    sums: dict = field(default_factory=dict)


class segmented_meter(setting_follower):
    """Sum up items per segment; a "channel" or "alice" tag opens a new one.

    A "frame" tag of the burst synchronizer says which frame of data is next.

    A subclass has sums(items, first_frame) -> numbers by name, which are added up, and
    figures(sums) -> what they come to, published beside them.

    Args:
        name: of the block; first_frame and settings as those of distortion_meter.
        item: (dtype, length) or dtype of the input.
        port: name of the message port, the kind of its messages, and the name of the
            block in displays where none is given.
        shown_as: its name in displays, or "".
    """

    SEGMENT, COUNTED, TAGS = MeterSegment, "sums", (CHANNEL_TAG, ALICE_TAG)

    def __init__(self, name, item, first_frame, port, settings, shown_as):
        guarded_block.__init__(self, name, [item], None)
        first = checked_index("first_frame", first_frame)
        self.follow(first, Reporter(self, port, port, shown_as, port), settings)
        self.set_log_level("warn")

    def total(self):
        """Return the sums over all segments."""
        found = {}
        for segment in self.segments():
            for name, value in segment.sums.items():
                found[name] = found.get(name, 0) + value
        return found

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
            found = self.sums(items[begin:end], first)
            with self._lock:
                sums = self._segments[-1].sums
                for name, value in found.items():
                    sums[name] = sums.get(name, 0) + value
        if self._reporter.due():
            self._publish(self.segments()[-1])
        return len(items)

    def _publish(self, segment):
        message = {"first_frame": segment.first_frame} | segment.sums
        self._reporter.send(message | self.figures(segment.sums), segment.settings)
