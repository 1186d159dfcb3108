# SPDX-License-Identifier: GPL-3.0-or-later
"""Rician block fading: a line of sight and scattered rays."""

import math
from dataclasses import dataclass

import numpy as np

from advphy_model.air.impairment import Fading, fade, scattered, within
from advphy_model.power import from_db


@dataclass(frozen=True)
class Settings(Fading):
    """Settings of the fading.

    Args:
        coherence: see rayleigh_block.
        coherent: see rayleigh_block.
        line_of_sight_db: Rician factor in dB, which is the power of the line of sight
            (with phase 0) over that of the scattered rays.
    """

    line_of_sight_db: float = within(6.0, -100, 100, "dB")


def impair(x, settings, *, seed, stream, first_sample):
    """Return y_i = h x_i, h = sqrt(K / (K + 1)) + sqrt(1 / (K + 1)) g.

    K is the Rician factor and g is complex normal with E|g|^2 = 1. Each coherence
    interval has its own g. Source: [proakis, Sec. 14.1].
    """
    k = from_db(settings.line_of_sight_db)
    direct, spread = math.sqrt(k / (k + 1)), math.sqrt(1 / (k + 1))

    def gains(first, count):
        around = np.float32(spread) * scattered(seed, stream, first, count)
        return around + np.float32(direct)

    return fade(x, settings, first_sample, gains)
