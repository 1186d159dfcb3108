# SPDX-License-Identifier: GPL-3.0-or-later
"""Two rays: a direct ray and a later echo."""

from dataclasses import dataclass

import numpy as np

from advphy_model.air.impairment import Limited, phasor, times, within


@dataclass(frozen=True)
class Settings(Limited):
    """Settings of the echo.

    Args:
        delay: delay of the echo in samples (channel uses), 1..65536.
        gain_db: power of the echo over that of the direct ray, in dB.
        phase_deg: phase of the echo in degrees.
    """

    delay: int = within(1, 1, 65536, "samples")
    gain_db: float = within(-10.0, -100, 20, "dB")
    phase_deg: float = within(0.0, -360, 360, "degrees")


def impair(x, settings, *, seed, stream, first_sample):
    """Return y_i = x_i + g x_(i - delay), with x = 0 before each block.

    The frequency response is 1 + g exp(-2 pi j f delay) [rappaport]. The direct ray
    keeps its power. As with a guard interval, a codeword receives no echo of the
    previous one; in a stream of samples the echo continues.
    """
    echo, delay = x * 0, settings.delay
    if delay < x.shape[1]:
        echo[:, delay:] = x[:, :-delay]
    gain = phasor(settings.gain_db, settings.phase_deg)
    return x + times(echo, np.complex64(gain))


class Stream:
    """Stream that keeps the last `delay` samples for the echo."""

    def __init__(self, settings, *, seed, stream, first_sample):
        self._settings = settings
        self._before = np.zeros(settings.delay, np.complex64)

    def process(self, x):
        """Return the samples that follow those of the last call, as many as x."""
        both = np.concatenate([self._before, x])
        self._before = both[len(both) - self._settings.delay :]
        y = impair(both[None], self._settings, seed=0, stream=0, first_sample=0)
        return y[0, self._settings.delay :]
