# SPDX-License-Identifier: GPL-3.0-or-later
"""A point of a BLER curve: segments of blocks that add up, each block once."""

from dataclasses import dataclass, field

MOST_SEGMENTS = 500  # kept apart at one point; the oldest are summed beyond that


@dataclass
class Segment:
    """Blocks counted without a gap: a running total, less what was forgotten of it."""

    seed: int
    first_block: int
    blocks: int
    block_errors: int
    erasures: int

    @property
    def end(self):
        """Return the index behind the last block."""
        return self.first_block + self.blocks


@dataclass
class Point:
    """What was counted under one setting.

    Args:
        settings: of the counter.
        segments: by (seed, first block).
        summed: Segment of those that are no longer kept apart, or None.
    """

    settings: dict
    segments: dict = field(default_factory=dict)
    summed: Segment | None = None
    _totals: tuple | None = None

    def put(self, segment):
        """Replace a running total by a later one; return whether anything changed."""
        key = segment.seed, segment.first_block
        present = self.segments.get(key)
        if present is not None and present.blocks >= segment.blocks:
            return False  # a second run from the same block on counts nothing new
        self.segments[key] = segment
        self._totals = None
        if len(self.segments) > MOST_SEGMENTS:
            self._sum_oldest()
        return True

    def _sum_oldest(self):
        for key in list(self.segments)[: MOST_SEGMENTS // 2]:
            old, into = self.segments.pop(key), self.summed
            if into is None:
                self.summed = old
                continue
            into.blocks += old.blocks
            into.block_errors += old.block_errors
            into.erasures += old.erasures

    def counted(self):
        """Return the segments, each block in one of them: of two the longer stays."""
        kept = [] if self.summed is None else [self.summed]
        for segment in sorted(
            self.segments.values(), key=lambda s: (s.seed, s.first_block)
        ):
            last = kept[-1] if kept else None
            if not last or last.seed != segment.seed or last.end <= segment.first_block:
                kept.append(segment)
            elif last is not self.summed and last.blocks < segment.blocks:
                kept[-1] = segment
        return kept

    def totals(self):
        """Return (failures, blocks)."""
        if self._totals is None:
            kept = self.counted()
            failures = sum(s.block_errors + s.erasures for s in kept)
            self._totals = failures, sum(s.blocks for s in kept)
        return self._totals
