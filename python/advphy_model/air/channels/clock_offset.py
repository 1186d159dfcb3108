# SPDX-License-Identifier: GPL-3.0-or-later
"""Clock offset: the receiver's sample clock and oscillator are slow by the same ppm."""

from dataclasses import dataclass

from advphy_model.air.impairment import Limited, carrier, times, within
from advphy_model.air.interpolation import Interpolator
from advphy_model.air.raised_cosine import read_late


@dataclass(frozen=True)
class Settings(Limited):
    """Settings of the clock offset.

    Args:
        ppm: parts per million by which the receiver's clock is slow; < 0: fast.
        carrier: carrier frequency over the sample (symbol) rate, if one clock generates
            both: CFO = 1e-6 ppm carrier cycles per sample. 0: no CFO.
        recovered: channel uses after which a receiver of codewords recovers the timing;
            0: at each codeword. In a stream of samples the timing is never recovered.
        roll_off: roll-off of the raised-cosine pulse of codewords, 0..1.
    """

    ppm: float = within(20.0, -1000, 1000, "ppm")
    carrier: float = within(0.0, 0, 1e5, "cycles per sample")
    recovered: int = within(0, 0, 2**16, "channel uses")
    roll_off: float = within(0.35, 0, 1)

    @property
    def frequency(self):
        """Return the CFO in cycles per sample."""
        return 1e-6 * self.ppm * self.carrier


def impair(x, settings, *, seed, stream, first_sample):
    """Return y_i = sum over k in the block of x_k h(i + late_i - k), with the CFO.

    late_i = 1e-6 ppm (i mod recovered) for the channel use with index i; h is the
    raised-cosine pulse (raised_cosine.py).
    """
    late = 0.0, 1e-6 * settings.ppm, settings.recovered
    y = read_late(x, late, first_sample, settings.roll_off)
    if settings.carrier:
        y = times(y, carrier(x, first_sample, settings.frequency))
    return y


class Stream(Interpolator):
    """Stream that returns y_i = x(i (1 + 1e-6 ppm)) from x(0) on, with the CFO."""

    def __init__(self, settings, *, seed, stream, first_sample):
        super().__init__(0.0, 1 + 1e-6 * settings.ppm)
        self._settings, self._index = settings, first_sample

    def process(self, x):
        """Return the samples that follow those of the last call."""
        y = super().process(x)
        if self._settings.carrier and len(y):
            turn = carrier(y, self._index, self._settings.frequency)
            y = times(y, turn)
        self._index += len(y)
        return y
