# SPDX-License-Identifier: GPL-3.0-or-later
"""The delay from a radio's transmitter to its own receiver, by a known signal."""

import math

import numpy as np

from advphy_model.modem.pulse import shaped_late
from advphy_model.power import energy

SYMBOLS = 512
LEVEL = 0.4  # largest amplitude of a sample
LONGEST = 2**19  # samples after which it gives up
_CLEAR = 0.2  # correlation; with another signal less than once in 10^9


class Sounding:
    """A signal of 512 QPSK symbols, sent once and looked for in what is received.

    Args:
        frame: Frame, for the pulse and the samples per symbol.
    """

    def __init__(self, frame):
        bits = np.random.default_rng(3).integers(0, 2, (1, SYMBOLS, 2))
        symbols = ((1 - 2.0 * bits) @ [1, 1j]).astype(np.complex64)
        wave = shaped_late(symbols, 0.0, frame)[0]
        self._wave = wave * np.float32(LEVEL / np.abs(wave).max())
        self._heard = np.empty(0, np.complex64)

    def take(self, samples, out):
        """Take samples, write as many to send into out; return the delay or None.

        The delay is in samples, with a fraction. Raises RuntimeError after LONGEST
        samples without it.
        """
        first = len(self._heard)
        self._heard = np.concatenate([self._heard, samples])
        sent = self._wave[first : first + len(out)]
        out[: len(sent)] = sent
        delay = self._delay()
        if delay is None and first > LONGEST:
            raise RuntimeError(
                f"the adversary's receiver does not hear its transmitter within "
                f"{LONGEST} samples; check both, or give loop_delay in samples"
            )
        return delay

    def _delay(self):
        wave, heard = self._wave, self._heard
        if len(heard) < 2 * len(wave):
            return None
        size = 2 ** math.ceil(math.log2(len(heard) + len(wave)))
        spectrum = np.fft.fft(heard, size) * np.fft.fft(wave, size).conj()
        peaks = np.abs(np.fft.ifft(spectrum)[: len(heard) - len(wave)])
        power = np.cumsum(np.abs(heard) ** 2, dtype=float)
        there = power[len(wave) :] - power[: -len(wave)]
        best = int(peaks.argmax())
        likeness = peaks[best] / math.sqrt(energy(wave) * there[best] + 1e-30)
        if not (0 < best < len(peaks) - 1 and likeness > _CLEAR):
            return None
        before, here, after = peaks[best - 1 : best + 2].tolist()
        return best + (before - after) / (2 * (before - 2 * here + after))
