# SPDX-License-Identifier: GPL-3.0-or-later
"""Rician block fading: a line of sight beside the scattered rays."""

import math
from dataclasses import dataclass

import numpy as np

from advphy_model.air.fading import Fading, fade, scattered
from advphy_model.air.impairment import within
from advphy_model.power import from_db


@dataclass(frozen=True)
class Settings(Fading):
    """How strong the line of sight is, how long a gain lasts, what is known of it.

    Args:
        coherence: samples (channel uses) that have one gain; 0: a codeword.
        coherent: True: the receiver knows the phase of the gain and has turned it back,
            so that the gain is its magnitude. False: the gain is complex.
        line_of_sight_db: power of the line of sight, whose phase is 0, over that of the
            scattered rays: Rice's factor, in dB.
    """

    line_of_sight_db: float = within(6.0, -100, 100, "dB")


def impair(x, settings, *, seed, stream, first_sample):
    """Return y_i = h x_i, h = sqrt(K / (K + 1)) + sqrt(1 / (K + 1)) g.

    K is Rice's factor and g complex normal, E|g|^2 = 1, in each stretch anew.
    Source: [proakis, Sec. 14.1].
    """
    k = from_db(settings.line_of_sight_db)
    direct, spread = math.sqrt(k / (k + 1)), math.sqrt(1 / (k + 1))

    def gains(first, count):
        around = np.float32(spread) * scattered(seed, stream, first, count)
        return around + np.float32(direct)

    return fade(x, settings, first_sample, gains)
