# SPDX-License-Identifier: GPL-3.0-or-later
"""Segments of a perturbation source, and the phases of its schedule."""

import dataclasses
import math
from dataclasses import dataclass, field

# Shorter phases are not tagged, because each begins a segment of the error counter.
SHORTEST_TAGGED = 1000
_ARRIVAL = ("shift", "phase", "sign", "frequency_offset", "fading")


@dataclass
class Segment:
    """Blocks that were sent under constant settings."""

    first_block: int  # index of its first block
    settings: dict = field(default_factory=dict)  # of the tag, psr_db as requested
    blocks: int = 0
    energy: float = 0.0  # sum of ||p||^2 / n over the blocks
    smallest: float = math.inf  # ||p||^2 / n of the weakest block
    largest: float = 0.0  # of the strongest block

    def add(self, later):
        self.blocks, self.energy = (
            self.blocks + later.blocks,
            self.energy + later.energy,
        )
        self.smallest = min(self.smallest, later.smallest)
        self.largest = max(self.largest, later.largest)

    def realized(self):
        """Return the realized PSR in dB: average, smallest and largest of a block."""
        mean, smallest = self.energy / max(1, self.blocks), self.smallest
        ratios = {"realised": mean, "smallest": smallest if self.blocks else 0.0}
        ratios["largest"] = self.largest
        return {
            f"psr_db_{name}": 10 * math.log10(ratio) if ratio > 0 else -math.inf
            for name, ratio in ratios.items()
        }


def settings_of(adversary, on, phase) -> dict:
    """Return the settings of an Adversary for the tag; `on`: whether it sends.

    If `phase`, they describe one phase of its schedule, in which every block or none is
    attacked, and the schedule is left out.
    """
    if phase:
        adversary = dataclasses.replace(adversary, off_blocks=0, on_blocks=0)
    return {
        "perturbation": adversary.label,
        "psr_db": adversary.scaled.psr_db if on else -math.inf,
        "perturbation_kind": adversary.perturbation.kind,
        **{name: getattr(adversary, name) for name in _ARRIVAL},
        "on": on,
    }


def phases(adversary, first, size):
    """Yield (begin, end, on) of a schedule among `size` blocks, relative to `first`."""
    off, period = adversary.off_blocks, adversary.off_blocks + adversary.on_blocks
    begin = 0
    while begin < size:
        at = (first + begin) % period
        on = at >= off
        end = min(size, begin + (period if on else off) - at)
        yield begin, end, on
        begin = end
