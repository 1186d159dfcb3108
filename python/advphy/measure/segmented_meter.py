# SPDX-License-Identifier: GPL-3.0-or-later
"""Base classes of counters and meters: segments that follow the tags of a stream."""

import sys
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from advphy_model.randomness import checked_index

from ..block_errors import guarded_block
from ..receive.burst_synchronizer import runs_of
from ..reports import Reporter, segmented_block
from ..stream_tags import ALICE_TAG, CHANNEL_TAG, EVE_TAG, FRAME_TAG, checked_settings
from .latency import Latency

GIVEN = "given"  # settings by set_settings, in addition to those by tags


class setting_follower(segmented_block):
    """A segmented sink: the index comes from tags, settings from TAGS and calls.

    `latency` is the Latency of the bursts since the start.
    """

    def follow(self, first, reporter, settings):
        """Begin with an empty segment: see begin_segments and set_settings."""
        self.begin_segments(first, reporter)
        self.latency = Latency()
        self.set_settings(settings)

    def set_settings(self, settings):
        """Begin a new segment with these settings at the next call of work().

        Items that are already in the flowgraph at that moment are counted in it, too.
        """
        self._given = checked_settings(settings)

    def start(self):
        self._settings = {}  # by the key of their tag, or GIVEN
        self._next = self.first_index  # index of the next item
        self.latency = Latency()
        return segmented_block.start(self)

    def _runs(self, tags, size):
        """Return runs_of() this call; note when its bursts arrived."""
        runs, self._next = runs_of(tags, size, self._next)
        for _, _, _, burst in runs:
            if burst is not None:
                self.latency.note(burst)
        return runs

    def _changes(self, tags):
        """Return {item: settings from there on}, given and by tags together."""
        changes, given = {}, self._given
        if given != self._settings.get(GIVEN, {}):
            self._settings[GIVEN] = given
            changes[0] = self._merged()
        for item, key, value in tags:
            if key in self.TAGS:
                self._settings[key] = value
                changes[item] = self._merged()
        return changes

    def _merged(self):
        pairs = [pair for part in self._settings.values() for pair in part.items()]
        return {_kept_once(str(k)): _kept_once(v) for k, v in pairs}


def _kept_once(value):
    """Return a value; of equal texts in thousands of segments, the same one."""
    return sys.intern(value) if type(value) is str else value


def index_of(item, runs):
    """Return the index of the block that is item number `item` of this call."""
    return next(index + item - at for at, end, index, _ in runs if at <= item < end)


@dataclass
class MeterSegment:
    """Sums under constant settings."""

    first_frame: int  # index of its first item
    settings: dict = field(default_factory=dict)  # from the tags and set_settings
    sums: dict = field(default_factory=Counter)  # numbers by name

    def add(self, later):
        self.sums.update(later.sums)


class segmented_meter(setting_follower):
    """Add up sums in segments; a "channel", "alice" or "eve" tag begins a new one.

    A subclass implements sums(items, first_frame), a dictionary of numbers that are
    added up, and figures(sums), a dictionary of results that are published with them.

    `item` is the (dtype, length) or dtype of the input, `port` the name of the message
    port, which is also the kind of its messages and the default of `shown_as`, the name
    of the block in displays.
    """

    SEGMENT, COUNTED, TAGS = MeterSegment, "sums", (CHANNEL_TAG, ALICE_TAG, EVE_TAG)

    def __init__(self, name, item, first_frame, port, settings, shown_as):
        guarded_block.__init__(self, name, [item], None)
        first = checked_index("first_frame", first_frame)
        self.follow(first, Reporter(self, port, shown_as, port), settings)
        self.set_log_level("warn")

    def total(self):
        total = Counter()
        for segment in self.segments():
            total.update(segment.sums)
        return dict(total)

    def work(self, input_items, output_items):
        items = input_items[0]
        tags = self.tags_of(len(items), FRAME_TAG, *self.TAGS)
        changes, runs = self._changes(tags), self._runs(tags, len(items))
        edges = sorted({0, *changes, *(run[0] for run in runs), len(items)})
        for begin, end in pairwise(edges):
            first = index_of(begin, runs)
            if begin in changes:
                self._open(first, changes[begin])
            more = self.sums(items[begin:end], first)
            with self._lock:
                self._segments[-1].sums.update(more)
        if self._reporter.due():
            self._publish(self.segment())
        return len(items)

    def _publish(self, segment):
        message = {"first_frame": segment.first_frame} | segment.sums
        message |= self.latency.figures()
        self._reporter.send(message | self.figures(segment.sums), segment.settings)
