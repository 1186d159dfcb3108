# SPDX-License-Identifier: GPL-3.0-or-later
"""When an attack is on: the phases of an adversary's schedule, block by block."""

# Phases that are shorter are not told apart: each costs the error counter a segment.
SHORTEST_TAGGED = 1000


def has_phases(adversary) -> bool:
    """Return whether an Adversary has a schedule whose phases are told apart."""
    shortest = min(adversary.off_blocks, adversary.on_blocks)
    return shortest >= SHORTEST_TAGGED


def phases(adversary, first, size):
    """Yield (begin, end, on) of the phases among `size` blocks.

    Args:
        adversary: Adversary with a schedule.
        first: index of the first block.
        size: number of blocks; begin and end count from the first.
    """
    off, period = adversary.off_blocks, adversary.off_blocks + adversary.on_blocks
    begin = 0
    while begin < size:
        at = (first + begin) % period
        on = at >= off
        end = min(size, begin + (period if on else off) - at)
        yield begin, end, on
        begin = end
