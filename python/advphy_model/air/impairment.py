# SPDX-License-Identifier: GPL-3.0-or-later
"""Common parts of impairments: exact products, indices, fading, limits of settings.

Samples are complex64 [blocks, n] in numpy, or complex tensors in torch, through which
gradients flow. In numpy each sample is rounded in the same order of operations, so the
output does not depend on how a stream is cut into calls.
"""

import cmath
import dataclasses
import math
import numbers

import numpy as np

from advphy_model import kernels
from advphy_model.checked_values import is_number
from advphy_model.network.layers import array_module


def times(x, gains):
    """Return samples times complex64 gains that broadcast to their shape."""
    if not isinstance(x, np.ndarray):
        return x * array_module(x).asarray(np.asarray(gains), device=x.device)
    gains = np.ascontiguousarray(np.broadcast_to(gains, x.shape), np.complex64)
    y = np.empty(x.shape, np.complex64)
    kernels.multiply(gains, np.ascontiguousarray(x), y)
    return y


def indices(x, first_sample) -> np.ndarray:
    """Return the indices of the samples of x, uint64 [blocks * n]."""
    count = math.prod(x.shape)
    return np.arange(first_sample, first_sample + count, dtype=np.uint64)


def phasors(turns, shape) -> np.ndarray:
    """Return exp(2 pi j turns / 2^32) for uint32 turns, as complex64 of a shape."""
    out = np.empty(shape, np.complex64)
    kernels.phasors(np.ascontiguousarray(turns, np.uint32), out)
    return out


def carrier(x, first_sample, frequency) -> np.ndarray:
    """Return exp(2 pi j frequency i) at the samples of x.

    The phase is a product of integers modulo 2^64, so rounding errors do not add up.
    The index of the first sample is first_sample, the frequency in cycles per sample.
    """
    word = np.uint64(int(frequency * 2.0**64) % 2**64)
    turns = (indices(x, first_sample) * word) >> np.uint64(32)
    return phasors(turns.astype(np.uint32), x.shape)


def phasor(gain_db, phase_deg) -> complex:
    """Return the factor of a gain in dB and a phase in degrees."""
    return 10 ** (gain_db / 20) * cmath.exp(1j * math.radians(phase_deg))


def within(default, low, high, unit=""):
    """Return the field of a setting in low..high; an int default requires integers."""
    return dataclasses.field(default=default, metadata={"limits": (low, high, unit)})


def _violated(field, value):
    """Return the rule of a setting that a value violates, or None."""
    if isinstance(field.default, bool):
        return None if isinstance(value, bool) else "True or False"
    low, high, unit = field.metadata["limits"]
    kind, number = "a number", numbers.Real
    if isinstance(field.default, int):
        kind, number = "a whole number", numbers.Integral
    right = isinstance(value, number) and is_number(value)
    if right and low <= value <= high:
        return None
    return f"{kind} in {low:g}..{high:g} {unit}".strip()


@dataclasses.dataclass(frozen=True)
class Limited:
    """Settings with limits from `within`, or bool; ValueError if one is violated."""

    def __post_init__(self):
        own = type(self).__module__.rpartition(".")[2]
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if wanted := _violated(field, value):
                raise ValueError(f"{own}: {field.name} must be {wanted}, got {value!r}")


@dataclasses.dataclass(frozen=True)
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
    """Return x [blocks, n] times the gain of each coherence interval of a Fading.

    gains_of(first, count) returns the gains of these intervals, complex64.
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
