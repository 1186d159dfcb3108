# SPDX-License-Identifier: GPL-3.0-or-later
"""The raised-cosine pulse and codewords sampled with a timing error."""

from functools import lru_cache

import numpy as np

from advphy_model.air.impairment import indices


def pulse(t, roll_off) -> np.ndarray:
    """Return the raised-cosine pulse h(t), which is 1 at 0 and 0 at other integers.

        h(t) = sinc(t) cos(pi b t) / (1 - (2 b t)^2)     [proakis, Sec. 9.2]

    with t in symbols and the roll-off factor b, 0..1.
    """
    t = np.asarray(t, float)
    below = 1 - (2 * roll_off * t) ** 2
    pole = np.abs(below) < 1e-8
    shaped = np.cos(np.pi * roll_off * t) / np.where(pole, 1, below)
    return np.sinc(t) * np.where(pole, np.pi / 4, shaped)


def read_late(x, late, first_sample, roll_off):
    """Return codewords that are sampled late.

    Symbol i of a block of x [blocks, n], numpy or torch, becomes the sum over k of
    x_k h(i + late_i - k). Nothing is sent before or after the block, as with guard
    intervals. With late = (first, step, period) the channel use with index i is sampled
    first + step (i mod period) symbols late; period 0 stands for n.
    """
    n = x.shape[1]
    first, step, period = late
    since = np.arange(n)[None] % (period or n)
    if period not in (0, 1, n):
        since = (indices(x, first_sample) % np.uint64(period)).reshape(x.shape)
    late = first, step, period or n

    def weighted(x, since, apart):
        weight = _weights(*late, apart, roll_off)[since]
        return x * (weight if isinstance(x, np.ndarray) else x.real.new_tensor(weight))

    y = weighted(x, since, 0)
    for apart in range(1, n):  # symbol k = i - apart, then k = i + apart
        y[:, apart:] += weighted(x[:, :-apart], since[:, apart:], apart)
        y[:, :-apart] += weighted(x[:, apart:], since[:, :-apart], -apart)
    return y


@lru_cache(maxsize=256)
def _weights(first, step, period, apart, roll_off):
    """Return the pulse at `apart` plus the delay of each index, float32 [period]."""
    return pulse(apart + first + step * np.arange(period), roll_off).astype(np.float32)
