# SPDX-License-Identifier: GPL-3.0-or-later
"""Rayleigh block fading: many scattered rays without a line of sight."""

from dataclasses import dataclass
from functools import partial

from advphy_model.air.impairment import Fading, fade, scattered


@dataclass(frozen=True)
class Settings(Fading):
    """Settings of the fading.

    Args:
        coherence: samples (channel uses) with the same gain; 0: one codeword.
        coherent: True: the receiver knows and corrects the phase of the gain, so only
            the magnitude of the gain is applied. False: the gain is complex.
    """


def impair(x, settings, *, seed, stream, first_sample):
    """Return y_i = h x_i, a CN(0, 1) h per coherence interval [proakis, Sec. 14.1]."""
    return fade(x, settings, first_sample, partial(scattered, seed, stream))
