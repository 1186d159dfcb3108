# SPDX-License-Identifier: GPL-3.0-or-later
"""BLER curves and their points, which add up segments of counts without overlaps."""

import dataclasses
import math
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from advphy_model.measure import table
from advphy_model.measure.measurement_text import bounds

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
        return {name: getattr(self, name) for name in self.SUMS}

    def after(self, before):
        """Return the counts that were added after an earlier total of this segment."""
        less = {name: -count for name, count in before.sums.items()}
        return dataclasses.replace(self.plus(less), first_block=before.end)


@dataclass
class Point:
    """Counts under one setting."""

    settings: dict  # of the counter
    segments: dict = field(default_factory=dict)  # Segments by (seed, first block)
    summed: Segment | None = None  # of those that are no longer kept separately
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
        if self._totals is None:
            kept = self.counted()
            failures = sum(s.block_errors + s.erasures for s in kept)
            self._totals = failures, sum(s.blocks for s in kept)
        return self._totals


@dataclass
class Curve:
    """Points of one counter's name whose settings differ only in x."""

    name: str
    link: str
    model_sha256: str
    setting: tuple
    points: dict = field(default_factory=dict)  # Point by x
    present: float | None = None  # x of the newest message
    seen: int = 0  # number of the newest message


@dataclass(frozen=True)
class DrawnCurve:
    """A curve as it is drawn."""

    name: str  # of the counter
    differs: str  # settings in which it differs from others of the name, or empty
    points: dict  # {x: (failures, blocks)}
    present: float  # x where blocks are being counted
    variant: int  # 0 for the first settings of the name, 1 for the next, ...
    age: int  # 0 for the current settings of the name, 1 for the previous ones, ...

    @property
    def label(self):
        return ", ".join(filter(None, (self.name, self.differs)))

    def rows(self):
        """Return rows of (x, bler, low, high, failures, blocks).

        Where no block failed, bler is NaN and high is its upper bound at 95 %.
        """
        rows = []
        for x, (failures, blocks) in self.points.items():
            bler = failures / blocks if failures else math.nan
            rows.append((x, bler, *bounds(failures, blocks), failures, blocks))
        return np.array(rows).reshape(-1, 6)
