# SPDX-License-Identifier: GPL-3.0-or-later
"""Interpolation of a stream of samples with a windowed sinc.

The sinc has 32 taps and a Kaiser window (beta 8). For a sine the error is below -60 dB
up to 0.4 cycles per sample and below -75 dB up to 0.35 (tests/test_impairments.py).
"""

from functools import cache

import numpy as np

from advphy_model import kernels

TAPS, PHASES = kernels.INTERPOLATOR_TAPS, kernels.INTERPOLATOR_PHASES
_BETA = 8.0  # side lobes about 80 dB down [kaiser]
_UNIT = 2**32  # positions are multiples of 2^-32 samples


@cache
def _table():
    """Return the taps for each fraction of a sample, float32 [PHASES + 1, TAPS]."""
    fraction = np.arange(PHASES + 1)[:, None] / PHASES
    t = fraction + TAPS // 2 - 1 - np.arange(TAPS)  # from the sample to the position
    inside = np.maximum(0, 1 - (t / (TAPS // 2)) ** 2)
    taps = np.sinc(t) * np.i0(_BETA * np.sqrt(inside)) / np.i0(_BETA)
    return (taps / taps.sum(axis=1, keepdims=True)).astype(np.float32)


class Interpolator:
    """Interpolator that returns x at start + i step as output sample i.

    x is 0 before its first sample. An output sample needs the 16 input samples after
    its position, so append 16 zeros to the stream.

    Args:
        start: position of the first output sample, -1..1 samples.
        step: samples between output samples, above 0 and below 2, rounded to 2^-32.
    """

    def __init__(self, start, step):
        self._step = round(step * _UNIT)
        # Positions count from the first held sample; at the start zeros are held.
        self._at = round((TAPS + start) * _UNIT)
        self._held = np.zeros(TAPS, np.complex64)
        self._back = TAPS // 2 - 1

    def process(self, x):
        """Return all output samples that are complete after x, complex64 [count]."""
        held = np.concatenate([self._held, x])
        first = self._at - self._back * _UNIT  # first tap of the next output sample
        room = (len(held) - TAPS + 1) * _UNIT - 1 - first
        count = max(0, room // self._step + 1)
        y = np.empty(count, np.complex64)
        if count:
            kernels.interpolate(_table(), held, first, self._step, y)
        self._at += count * self._step
        passed = min(max(0, (self._at >> 32) - self._back), len(held))
        self._at -= passed * _UNIT
        self._held = held[passed:].copy()
        return y
