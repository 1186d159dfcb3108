# SPDX-License-Identifier: GPL-3.0-or-later
"""Segment: the counts of blocks under constant settings."""

from dataclasses import dataclass, field


@dataclass
class Segment:
    """What was counted between two changes of the settings.

    Args:
        first_block: index of its first block.
        settings: of the channel's and the perturbation's tags; empty where there was
            none.
        blocks: blocks counted.
        block_errors: blocks decided for a wrong message.
        erasures: blocks not decided.
        frames: frames that arrived over the air, and missed_frames that did not, whose
            blocks are in no other count; 0 where there are no "frame" tags.
    """

    first_block: int
    settings: dict = field(default_factory=dict)
    blocks: int = 0
    block_errors: int = 0
    erasures: int = 0
    frames: int = 0
    missed_frames: int = 0

    @property
    def failures(self):
        """Return the blocks wrong or erased."""
        return self.block_errors + self.erasures

    @property
    def bler(self):
        """Return the block error rate; 0 while empty."""
        return self.failures / self.blocks if self.blocks else 0.0

    def figures(self):
        """Return what is published of it: counts, and frames where there were any."""
        names = ["first_block", "blocks", "block_errors", "erasures", "bler"]
        if self.frames:
            names += ["frames", "missed_frames"]
        return {name: getattr(self, name) for name in names}
