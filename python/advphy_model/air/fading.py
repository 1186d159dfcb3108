# SPDX-License-Identifier: GPL-3.0-or-later
"""What fading channels share: one complex gain for each stretch of samples."""

from dataclasses import dataclass

import numpy as np

from advphy_model import kernels
from advphy_model.air.impairment import Limited, times, within


@dataclass(frozen=True)
class Fading(Limited):
    """How long a gain lasts, and what the receiver knows of it: see rayleigh_block."""

    coherence: int = within(0, 0, 2**32, "samples")
    coherent: bool = False

    def require_samples(self):
        """Raise ValueError unless this makes sense for samples without codewords."""
        if self.coherence == 0:
            raise ValueError(
                "coherence = 0 means a codeword, and samples have none; set it to the "
                "samples that have one gain"
            )


def scattered(seed, stream, first, count) -> np.ndarray:
    """Return complex normal gains of mean power 1, complex64 [count]."""
    out = np.empty(count, np.complex64)
    kernels.gaussian(seed, 2 * first, out, stream)
    return out * np.float32(0.5**0.5)


def fade(x, fading, first_sample, gains_of):
    """Return x times the gain of each stretch.

    Args:
        x: samples [blocks, n].
        fading: Fading.
        first_sample: index of the first.
        gains_of: function of (first, count), indices of stretches: complex64 [count].
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
    stretches = (np.arange(begin, begin + blocks * n) // coherence).reshape(x.shape)
    return times(x, gains[stretches])
