# SPDX-License-Identifier: GPL-3.0-or-later
"""IQ imbalance and DC offset of a direct-conversion receiver."""

from dataclasses import dataclass

import numpy as np

from advphy_model.air.impairment import Limited, phasor, times, within


@dataclass(frozen=True)
class Settings(Limited):
    """Settings of the IQ imbalance, for samples of mean power 1.

    Args:
        gain_db: gain of the Q branch over the I branch, in dB.
        phase_deg: deviation from 90 degrees between the branches, in degrees.
        dc_i: DC offset of the I branch.
        dc_q: DC offset of the Q branch.
    """

    gain_db: float = within(0.5, -20, 20, "dB")
    phase_deg: float = within(2.0, -90, 90, "degrees")
    dc_i: float = within(0.0, -10, 10)
    dc_q: float = within(0.0, -10, 10)


def impair(x, settings, *, seed, stream, first_sample):
    """Return y = K1 x + K2 x* + dc with the gain g and the phase t:

        K1 = (1 + g exp(-j t)) / 2,  K2 = (1 - g exp(j t)) / 2   [valkama]

    The image rejection ratio is |K1|^2 / |K2|^2.
    """  # noqa: D400, D415
    direct, image = coefficients(settings)
    y = times(x, np.complex64(direct)) + times(x.conj(), np.complex64(image))
    return y + complex(settings.dc_i, settings.dc_q)


def coefficients(settings) -> tuple:
    """Return the complex coefficients (K1, K2)."""
    turned = phasor(settings.gain_db, settings.phase_deg)
    return (1 + turned.conjugate()) / 2, (1 - turned) / 2
