# SPDX-License-Identifier: GPL-3.0-or-later
"""Which block of data an item is, also where frames were lost on the way."""

from itertools import pairwise

import pmt

from ..receive.burst_synchronizer import TAG


class ReceivedIndex:
    """Follow the index of items: one after another, or as "frame" tags say.

    Args:
        first: index of the first item while no tag says another.
    """

    def __init__(self, first):
        self._first = first
        self.restart()

    def restart(self):
        """Begin at the first item again."""
        self._next = self._first
        self.frames = self.missed = 0

    def runs(self, tags, read, size):
        """Return [(begin, end, index of the item at begin, tag's dictionary or None)].

        Args:
            tags: of the `size` items from offset `read` on.
            read: offset of the first item.
            size: number of items.
        """
        starts = {0: None}
        for tag in tags:
            if pmt.equal(tag.key, pmt.intern(TAG)):
                starts[tag.offset - read] = pmt.to_python(tag.value)
        edges = [*sorted(starts), size]
        found = []
        for begin, end in pairwise(edges):
            said = starts[begin]
            if said is not None:
                self._next = said["index"]
                self.frames += 1
                self.missed += said["missed"]
            found.append((begin, end, self._next, said))
            self._next += end - begin
        return found
