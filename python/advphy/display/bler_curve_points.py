# SPDX-License-Identifier: GPL-3.0-or-later
"""Points of BLER curves, which add up segments of counts without overlaps."""

import dataclasses
from dataclasses import dataclass, field
from typing import ClassVar

from advphy_model.measure import table

MOST_SEGMENTS = 500  # kept separately at one point; the oldest are added up beyond that


@dataclass(frozen=True)
class Segment(table.Row):
    """Counts of successive blocks: a running total without the forgotten part."""

    seed: int
    first_block: int
    blocks: int
    block_errors: int
    erasures: int

    SETTING: ClassVar = ("seed",)
    FIRST: ClassVar = "first_block"
    SUMS: ClassVar = ("blocks", "block_errors", "erasures")

    @property
    def sums(self):
        """Return the counts by their names."""
        return {name: getattr(self, name) for name in self.SUMS}

    def after(self, before):
        """Return the counts that were added after an earlier total of this segment."""
        less = {name: -count for name, count in before.sums.items()}
        return dataclasses.replace(self.plus(less), first_block=before.end)


@dataclass
class Point:
    """Counts under one setting.

    Args:
        settings: settings of the counter.
        segments: dictionary of Segments by (seed, first block).
        summed: Segment of those that are no longer kept separately, or None.
    """

    settings: dict
    segments: dict = field(default_factory=dict)
    summed: Segment | None = None
    _totals: tuple | None = None

    def put(self, segment):
        """Replace a running total by a later one."""
        key = segment.seed, segment.first_block
        earlier = self.segments.get(key)
        if earlier is not None and earlier.blocks >= segment.blocks:
            return  # a second run from the same block counts nothing new
        self.segments[key], self._totals = segment, None
        if len(self.segments) > MOST_SEGMENTS:
            for old in list(self.segments)[: MOST_SEGMENTS // 2]:
                more = self.segments.pop(old)
                self.summed = self.summed.plus(more.sums) if self.summed else more

    def counted(self):
        """Return segments that do not overlap: of two that do, the longer one stays."""
        kept, old = table.longest(self.segments.values())[0], self.summed
        if old is None:
            return kept
        return [old, *(s for s in kept if s.seed != old.seed or s.first >= old.end)]

    def totals(self):
        """Return (failures, blocks)."""
        if self._totals is None:
            kept = self.counted()
            failures = sum(s.block_errors + s.erasures for s in kept)
            self._totals = failures, sum(s.blocks for s in kept)
        return self._totals
