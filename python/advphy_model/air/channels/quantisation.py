# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantization by an analog-to-digital converter in each branch."""

from dataclasses import dataclass

import numpy as np

from advphy_model.air.impairment import Limited, within


@dataclass(frozen=True)
class Settings(Limited):
    """Settings of the converters.

    Args:
        bits: resolution of each of the two converters, 1..16.
        full_scale: largest value of a branch, for samples of mean power 1.
    """

    bits: int = within(8, 1, 16, "bits")
    full_scale: float = within(2.0, 1e-3, 1e3)


def impair(x, settings, *, seed, stream, first_sample):
    """Return x with each branch rounded to the middle of its step (mid-rise).

    There are 2^bits steps over -full_scale..full_scale; values beyond are clipped. A
    sine at full scale has a signal-to-noise ratio of 6.02 bits + 1.76 dB [bennett]. In
    torch the gradient is that of y = x (straight-through), since a staircase has none.
    """
    if not isinstance(x, np.ndarray):
        held = x.detach()
        return x + (held.new_tensor(_quantized(held.numpy(), settings)) - held)
    return _quantized(x, settings)


def _quantized(x, settings):
    half = 2 ** (settings.bits - 1)
    step = np.float32(settings.full_scale / half)
    reals = np.ascontiguousarray(x).view(np.float32)
    levels = np.clip(np.floor(reals / step), -half, half - 1)
    return ((levels + np.float32(0.5)) * step).view(np.complex64)
