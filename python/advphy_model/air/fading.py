# SPDX-License-Identifier: GPL-3.0-or-later
"""Common parts of fading channels: one complex gain per coherence interval."""

from dataclasses import dataclass

import numpy as np

from advphy_model import kernels
from advphy_model.air.impairment import Limited, times, within


@dataclass(frozen=True)
class Fading(Limited):
    """Coherence interval and what the receiver knows of it: see rayleigh_block."""

    coherence: int = within(0, 0, 2**32, "samples")
    coherent: bool = False

    def require_samples(self):
        """Raise ValueError if the coherence is one codeword."""
        if self.coherence == 0:
            raise ValueError(
                "coherence = 0 means a codeword, which a stream of samples does not "
                "have; set it to the number of samples with one gain"
            )


def scattered(seed, stream, first, count) -> np.ndarray:
    """Return complex normal gains with mean power 1, complex64 [count]."""
    out = np.empty(count, np.complex64)
    kernels.gaussian(seed, 2 * first, out, stream)
    return out * np.float32(0.5**0.5)


def fade(x, fading, first_sample, gains_of):
    """Return x times the gain of each coherence interval.

    Args:
        x: samples [blocks, n].
        fading: Fading.
        first_sample: index of the first sample.
        gains_of: function of (first, count): gains of these intervals, complex64.
    """
    blocks, n = x.shape
    coherence = fading.coherence or n
    first = first_sample // coherence
    last = (first_sample + blocks * n - 1) // coherence
    gains = gains_of(first, last - first + 1)
    if fading.coherent:
        power = gains.real * gains.real + gains.imag * gains.imag
        gains = np.sqrt(power).astype(np.complex64)
    if fading.coherence in (0, n) and first_sample % n == 0:
        return times(x, gains[:, None])
    begin = first_sample - first * coherence
    intervals = (np.arange(begin, begin + blocks * n) // coherence).reshape(x.shape)
    return times(x, gains[intervals])
