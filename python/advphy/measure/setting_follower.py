# SPDX-License-Identifier: GPL-3.0-or-later
"""What counters and meters follow: the index of items and their settings."""

from itertools import pairwise

import pmt

from ..receive.burst_synchronizer import TAG
from ..segments import segmented_block

GIVEN = "given"  # settings by a parameter, beside those by tags


class setting_follower(segmented_block):
    """A segmented sink whose settings are given, or said by tags, as the index is.

    Class attributes:
        TAGS: keys of the tags that say settings.
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
        """Open a new segment with these settings at the next call of work().

        What was on its way when the setting changed is in it, too.
        """
        self._given = dict(settings or {})

    def start(self):
        self._rewind()
        return segmented_block.start(self)

    def _runs(self, tags, read, size):
        """Return [(begin, end, index of the item at begin, tag's dictionary or None)].

        Items follow each other, unless a "frame" tag says another index: frames may be
        lost on the way.

        Args:
            tags: of the `size` items from offset `read` on.
            read: offset of the first item.
            size: number of items.
        """
        starts = {0: None}
        for tag in tags:
            if pmt.equal(tag.key, pmt.intern(TAG)):
                starts[tag.offset - read] = pmt.to_python(tag.value)
        found = []
        for begin, end in pairwise([*sorted(starts), size]):
            said = starts[begin]
            if said is not None:
                self._next = said["index"]
            found.append((begin, end, self._next, said))
            self._next += end - begin
        return found

    def _changes(self, tags, read):
        """Return {item: settings from there on}, given and by tags together."""
        found, given = {}, self._given
        if given != self._settings.get(GIVEN, {}):
            self._settings[GIVEN] = given
            found[0] = self._merged()
        for tag in sorted(tags, key=lambda tag: tag.offset):
            key = pmt.symbol_to_string(tag.key)
            if key in self.TAGS:
                self._settings[key] = pmt.to_python(tag.value)
                found[tag.offset - read] = self._merged()
        return found

    def _merged(self):
        return {k: v for part in self._settings.values() for k, v in part.items()}
