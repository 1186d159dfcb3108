# SPDX-License-Identifier: GPL-3.0-or-later
"""What meters share: sums per segment of constant settings, published now and then."""

import threading
from dataclasses import dataclass, field
from itertools import pairwise

import pmt
from advphy_model.randomness import checked_index

from ..air.noisy_channel import TAG as CHANNEL_TAG
from ..guard import guarded_block
from ..reports import Reporter
from ..transmit.alice_arn import TAG as ALICE_TAG
from .received_index import ReceivedIndex

GIVEN = "given"  # settings by a parameter, beside those by tags


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


class segmented_meter(guarded_block):
    """Sum up items per segment; a "channel" or "alice" tag opens a new one.

    A "frame" tag of the burst synchroniser says which frame of data is next.

    A subclass has sums(items, first_frame) -> numbers by name, which are added up, and
    figures(sums) -> what they come to, published beside them.

    Args:
        name: of the block.
        item: (dtype, length) or dtype of the input.
        first_frame: index of the first item.
        port: name of the message port, the kind of its messages, and the name of the
            block in displays where none is given.
        settings: dictionary of what no tag says, such as an SNR before the modem, or
            None; set_settings changes it.
        shown_as: its name in displays, or "".
    """

    def __init__(self, name, item, first_frame, port, settings, shown_as):
        guarded_block.__init__(self, name, [item], None)
        self._first_frame = checked_index("first_frame", first_frame)
        self._index = ReceivedIndex(self._first_frame)
        self._lock = threading.Lock()
        self._segments = [MeterSegment(self._first_frame)]
        self._settings = {}  # by the key of their tag, or GIVEN
        self.set_settings(settings)
        self._reporter = Reporter(self, port, port, shown_as, port)
        self.set_log_level("warn")

    def set_settings(self, settings):
        """Open a new segment with these settings at the next call of work().

        Items that were on their way when the setting changed are in it, too.
        """
        self._given = dict(settings or {})

    def segments(self):
        """Return a copy of the segments so far, the present one last."""
        with self._lock:
            return [
                MeterSegment(s.first_frame, dict(s.settings), dict(s.sums))
                for s in self._segments
            ]

    def total(self):
        """Return the sums over all segments."""
        found = {}
        for segment in self.segments():
            for name, value in segment.sums.items():
                found[name] = found.get(name, 0) + value
        return found

    def start(self):
        """Go on from the first frame again, in a new segment."""
        with self._lock:
            if self._segments[-1].sums:
                self._segments.append(MeterSegment(self._first_frame))
        self._settings = {}
        self._index.restart()
        self._reporter.begin()
        return True

    def stop(self):
        """Publish the last sums."""
        present = self.segments()[-1]
        with self._reporter.ending():
            if present.sums:
                self._publish(present)
        return True

    def work(self, input_items, output_items):
        items, read = input_items[0], self.nitems_read(0)
        tags = self.get_tags_in_window(0, 0, len(items))
        changes = self._changes(tags, read)
        runs = self._index.runs(tags, read, len(items))
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

    def _changes(self, tags, read):
        """Return {item: settings from there on}."""
        found = {}
        given = self._given
        if given != self._settings.get(GIVEN, {}):
            self._settings[GIVEN] = given
            found[0] = self._merged()
        for tag in sorted(tags, key=lambda tag: tag.offset):
            key = pmt.symbol_to_string(tag.key)
            if key in (CHANNEL_TAG, ALICE_TAG):
                self._settings[key] = pmt.to_python(tag.value)
                found[tag.offset - read] = self._merged()
        return found

    def _merged(self):
        return {k: v for part in self._settings.values() for k, v in part.items()}

    def _open(self, first_frame, settings):
        with self._lock:
            present = self._segments[-1]
            if not present.sums:
                self._segments.pop()
            self._segments.append(MeterSegment(first_frame, settings))
        if present.sums:
            self._publish(present)

    def _publish(self, segment):
        message = {
            "first_frame": segment.first_frame,
            **segment.sums,
            **self.figures(segment.sums),
        }
        self._reporter.send(message, segment.settings)
