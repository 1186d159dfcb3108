# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrier frequency offset: the receiver's oscillator is not the transmitter's."""

from dataclasses import dataclass

from advphy_model.air.impairment import Limited, carrier, times, within


@dataclass(frozen=True)
class Settings(Limited):
    """How far off it is.

    Args:
        frequency: cycles per sample (per channel use), -0.5..0.5: offset in Hz over the
            sample (symbol) rate.
        phase: of sample 0, in turns.
    """

    frequency: float = within(0.001, -0.5, 0.5, "cycles per sample")
    phase: float = within(0.0, -1, 1, "turns")


def impair(x, settings, *, seed, stream, first_sample):
    """Return y_i = x_i exp(2 pi j (frequency i + phase)), i the index of the sample.

    The phase goes on across blocks.
    """
    gains = carrier(x, first_sample, settings.frequency)
    if settings.phase:
        gains = times(gains, carrier(gains[:1, :1], 1, settings.phase))
    return times(x, gains)
