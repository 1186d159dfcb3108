# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantization: an analogue-to-digital converter in each branch."""

from dataclasses import dataclass

import numpy as np

from advphy_model.air.impairment import Limited, within


@dataclass(frozen=True)
class Settings(Limited):
    """What the converters are.

    Args:
        bits: of each of the two converters.
        full_scale: largest value of a branch, where samples have mean power 1.
    """

    bits: int = within(8, 1, 16, "bits")
    full_scale: float = within(2.0, 1e-3, 1e3)


def impair(x, settings, *, seed, stream, first_sample):
    """Return the middle of the step that each branch of x falls into (mid-rise).

    There are 2^bits steps over -full_scale..full_scale; what is beyond becomes the last
    one. A sine of full scale has the signal-to-noise ratio 6.02 bits + 1.76 dB
    [bennett]. In torch, the gradient is that of y = x (straight-through): a staircase
    has none.
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
