# SPDX-License-Identifier: GPL-3.0-or-later
"""Timing offset: the signal arrives later by a fraction of a sample."""

from dataclasses import dataclass

from advphy_model.air.impairment import Limited, within
from advphy_model.air.interpolation import Interpolator
from advphy_model.air.raised_cosine import read_late


@dataclass(frozen=True)
class Settings(Limited):
    """Settings of the timing offset.

    Args:
        offset: delay of the signal in samples (channel uses), -1..1.
        roll_off: roll-off of the raised-cosine pulse of codewords, 0..1; not used for a
            stream of samples, which already has its pulses.
    """

    offset: float = within(0.1, -1, 1, "samples")
    roll_off: float = within(0.35, 0, 1)


def impair(x, settings, *, seed, stream, first_sample):
    """Return y_i = sum over k in the block of x_k h(i - offset - k).

    h is the raised-cosine pulse (raised_cosine.py). The first and last symbols of a
    block have less interference than in a continuous stream.
    """
    return read_late(x, (-settings.offset, 0.0, 1), first_sample, settings.roll_off)


class Stream(Interpolator):
    """Stream that returns y_i = x(i - offset) by interpolation (interpolation.py)."""

    def __init__(self, settings, *, seed, stream, first_sample):
        super().__init__(-settings.offset, 1.0)
