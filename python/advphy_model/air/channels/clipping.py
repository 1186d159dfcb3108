# SPDX-License-Identifier: GPL-3.0-or-later
"""Clipping: an amplifier that limits the magnitude and keeps the phase."""

from dataclasses import dataclass

from advphy_model.air.impairment import Limited, within
from advphy_model.power import from_db


@dataclass(frozen=True)
class Settings(Limited):
    """Settings of the clipping.

    Args:
        level_db: largest power of a sample over the mean power 1, in dB, -40..60.
    """

    level_db: float = within(3.0, -40, 60, "dB")


def impair(x, settings, *, seed, stream, first_sample):
    """Return y = x min(1, A / |x|) with the largest power A^2 [ochiai]."""
    most = from_db(settings.level_db)
    power = x.real * x.real + x.imag * x.imag
    return x * (most / power.clip(min=most)) ** 0.5
