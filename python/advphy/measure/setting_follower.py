# SPDX-License-Identifier: GPL-3.0-or-later
"""Base class of counters and meters that follow the tags of index and settings."""

from itertools import pairwise

import pmt

from ..receive.burst_synchronizer import TAG
from ..segments import segmented_block

GIVEN = "given"  # settings by set_settings, in addition to those by tags


class setting_follower(segmented_block):
    """A segmented sink whose index comes from tags, and its settings also from calls.

    Class attributes:
        TAGS: keys of the tags that carry settings.
    """

    def follow(self, first, reporter, settings):
        """Begin with an empty segment: see begin_segments and set_settings."""
        self.begin_segments(first, reporter)
        self._rewind()
        self.set_settings(settings)

    def _rewind(self):
        self._settings = {}  # by the key of their tag, or GIVEN
        self._next = self._first  # index of the next item

    def set_settings(self, settings):
        """Begin a new segment with these settings at the next call of work().

        Items that are already in the flowgraph at that moment are counted in it, too.
        """
        self._given = dict(settings or {})

    def start(self):
        self._rewind()
        return segmented_block.start(self)

    def _runs(self, tags, read, size):
        """Return [(begin, end, index of the item at begin, tag's dictionary or None)].

        Each run has successive indices. A "frame" tag begins a new run, because bursts
        may have been missed before it.

        Args:
            tags: tags of the `size` items from offset `read` on.
            read: offset of the first item.
            size: number of items.
        """
        starts = {0: None}
        for tag in tags:
            if pmt.equal(tag.key, pmt.intern(TAG)):
                starts[tag.offset - read] = pmt.to_python(tag.value)
        runs = []
        for begin, end in pairwise([*sorted(starts), size]):
            burst = starts[begin]
            if burst is not None:
                self._next = burst["index"]
            runs.append((begin, end, self._next, burst))
            self._next += end - begin
        return runs

    def _changes(self, tags, read):
        """Return {item: settings from there on}, given and by tags together."""
        changes, given = {}, self._given
        if given != self._settings.get(GIVEN, {}):
            self._settings[GIVEN] = given
            changes[0] = self._merged()
        for tag in sorted(tags, key=lambda tag: tag.offset):
            key = pmt.symbol_to_string(tag.key)
            if key in self.TAGS:
                self._settings[key] = pmt.to_python(tag.value)
                changes[tag.offset - read] = self._merged()
        return changes

    def _merged(self):
        return {k: v for part in self._settings.values() for k, v in part.items()}
