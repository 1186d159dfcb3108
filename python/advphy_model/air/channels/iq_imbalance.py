# SPDX-License-Identifier: GPL-3.0-or-later
"""IQ imbalance and DC: the two branches of a direct-conversion receiver differ."""

import cmath
import math
from dataclasses import dataclass

import numpy as np

from advphy_model.air.impairment import Limited, times, within


@dataclass(frozen=True)
class Settings(Limited):
    """How the branches differ.

    Args:
        gain_db: of the Q branch over the I branch, in dB.
        phase_deg: by which the branches are not at right angles, in degrees.
        dc_i: added to the I branch, where samples have mean power 1.
        dc_q: added to the Q branch.
    """

    gain_db: float = within(0.5, -20, 20, "dB")
    phase_deg: float = within(2.0, -90, 90, "degrees")
    dc_i: float = within(0.0, -10, 10)
    dc_q: float = within(0.0, -10, 10)


def impair(x, settings, *, seed, stream, first_sample):
    """Return y = K1 x + K2 x* + dc, with g the gain and t the phase:

        K1 = (1 + g exp(-j t)) / 2,  K2 = (1 - g exp(j t)) / 2   [valkama]

    The image is |K1|^2 / |K2|^2 below the signal (image rejection ratio).
    """  # noqa: D400, D415
    direct, image = coefficients(settings)
    y = times(x, np.complex64(direct)) + times(x.conj(), np.complex64(image))
    return y + complex(settings.dc_i, settings.dc_q)


def coefficients(settings) -> tuple:
    """Return (K1, K2), complex."""
    turned = 10 ** (settings.gain_db / 20) * cmath.exp(
        1j * math.radians(settings.phase_deg)
    )
    return (1 + turned.conjugate()) / 2, (1 - turned) / 2
