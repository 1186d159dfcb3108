# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether there is a signal where no burst is found."""

import numpy as np

# E|x|^4 / (E|x|^2)^2 is 2 for noise, below 1.95 for links of messages with SNR > 2 dB.
_GAUSSIAN = 1.95
_HINT = (
    "there is a signal, but no burst; if its bursts are keyed, give their secret, else "
    "the sender's link and frame"
)


class Unheard:
    """Samples without bursts, judged after each `length` of them."""

    def __init__(self, length):
        self._moments, self._length = np.zeros(3), length

    def hint(self, samples) -> str:
        """Return a sentence if the samples are not those of noise, or an empty text."""
        power = np.abs(samples[::8]).astype(float) ** 2  # one in eight is enough
        self._moments += len(power), power.sum(), np.square(power).sum()
        count, second, fourth = self._moments
        if 8 * count < self._length:
            return ""
        self._moments[:] = 0
        return _HINT if fourth * count < _GAUSSIAN * second**2 else ""
