# SPDX-License-Identifier: GPL-3.0-or-later
"""Rayleigh block fading: many scattered rays and no line of sight."""

from dataclasses import dataclass
from functools import partial

from advphy_model.air.fading import Fading, fade, scattered


@dataclass(frozen=True)
class Settings(Fading):
    """How long a gain lasts, and what the receiver knows of it.

    Args:
        coherence: samples (channel uses) that have one gain; 0: a codeword.
        coherent: True: the receiver knows the phase of the gain and has turned it back,
            so that the gain is its magnitude. False: the gain is complex.
    """


def impair(x, settings, *, seed, stream, first_sample):
    """Return y_i = h x_i with h complex normal, E|h|^2 = 1, in each stretch anew.

    Source: [proakis, Sec. 14.1].
    """
    return fade(x, settings, first_sample, partial(scattered, seed, stream))
