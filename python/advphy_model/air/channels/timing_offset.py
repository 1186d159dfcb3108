# SPDX-License-Identifier: GPL-3.0-or-later
"""Timing offset: what is sent arrives later by a part of a sample."""

from dataclasses import dataclass

from advphy_model.air.impairment import Limited, within
from advphy_model.air.interpolation import Interpolator
from advphy_model.air.raised_cosine import read_late


@dataclass(frozen=True)
class Settings(Limited):
    """How late, and by which pulse.

    Args:
        offset: by which it arrives later, in samples (channel uses).
        roll_off: of the raised-cosine pulse that carries codewords; a stream of samples
            has its pulses already.
    """

    offset: float = within(0.1, -1, 1, "samples")
    roll_off: float = within(0.35, 0, 1)


def impair(x, settings, *, seed, stream, first_sample):
    """Return y_i = sum over the k of a block of x_k h(i - offset - k).

    h is the raised-cosine pulse (raised_cosine.py). The first and last symbols of a
    block have less interference than those of an endless stream.
    """
    return read_late(x, (-settings.offset, 0.0, 1), first_sample, settings.roll_off)


class Stream(Interpolator):
    """y_i = x(i - offset), x read between its samples (interpolation.py)."""

    def __init__(self, settings, *, seed, stream, first_sample):
        super().__init__(-settings.offset, 1.0)
