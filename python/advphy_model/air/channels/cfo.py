# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrier frequency offset between the oscillators of receiver and transmitter."""

from dataclasses import dataclass

from advphy_model.air.impairment import Limited, carrier, times, within


@dataclass(frozen=True)
class Settings(Limited):
    """Settings of the carrier frequency offset.

    Args:
        frequency: offset in Hz over the sample (symbol) rate, -0.5..0.5.
        phase: phase at sample 0 in turns, -1..1.
    """

    frequency: float = within(0.001, -0.5, 0.5, "cycles per sample")
    phase: float = within(0.0, -1, 1, "turns")


def impair(x, settings, *, seed, stream, first_sample):
    """Return y_i = x_i exp(2 pi j (frequency i + phase)) with the sample index i.

    The phase continues across blocks.
    """
    gains = carrier(x, first_sample, settings.frequency)
    if settings.phase:
        gains = times(gains, carrier(gains[:1, :1], 1, settings.phase))
    return times(x, gains)
