# SPDX-License-Identifier: GPL-3.0-or-later
"""Phase noise of an oscillator with a Lorentzian line, free or tracked by a loop.

The phase is a stationary Ornstein-Uhlenbeck process, sampled exactly, or without a loop
a Wiener process. Both are Gaussian Markov processes, so the phase between two known
points depends only on these points. The phase at any index is found by halving
intervals between powers of two (Levy's construction). So it is a pure function of seed
and index, and no sum over all earlier samples is needed.
"""

import math
from dataclasses import dataclass

import numpy as np

from advphy_model import kernels
from advphy_model.air.impairment import Limited, phasors, times, within

# Normals closer than 2^_DENSE_LEVELS are drawn together, others one by one: a call
# costs as much as a thousand normals.
_DENSE_LEVELS = 9


@dataclass(frozen=True)
class Settings(Limited):
    """Settings of the oscillator and the loop.

    Args:
        linewidth: full width at half maximum of the free line, in cycles per sample.
            The free phase has increments of the variance 2 pi linewidth radians^2.
        loop_bandwidth: bandwidth B of a first-order loop that tracks the phase, in
            cycles per sample. The remaining phase is stationary with the variance
            linewidth / (2 B) radians^2 and the power spectral density
            linewidth / (2 pi (f^2 + B^2)). 0: no loop; the phase is 0 at sample 0.
    """

    linewidth: float = within(1e-4, 0, 0.5, "cycles per sample")
    loop_bandwidth: float = within(0.01, 0, 0.5, "cycles per sample")


def impair(x, settings, *, seed, stream, first_sample):
    """Return y_i = x_i exp(j phase_i); the source of the free phase is [demir]."""
    count = math.prod(x.shape)
    turns = phase(settings, seed, stream, first_sample, count) / (2 * math.pi)
    words = np.rint((turns - np.floor(turns)) * 2.0**32).astype(np.uint64)
    return times(x, phasors(words.astype(np.uint32), x.shape))


def phase(settings, seed, stream, first_sample, count) -> np.ndarray:
    """Return the phase in radians at `count` samples from first_sample on, float64."""
    last = first_sample + count - 1
    step = _Step(settings)
    powers = _at_powers_of_two(step, seed, stream, max(1, last.bit_length()))
    level = len(powers) - 2  # points are 2^level apart and enclose the range
    points, begin = np.array([powers[0], powers[-1]]), 0
    normals = _Normals(seed, stream, first_sample, last)
    while level:
        level -= 1
        keep, spread = step.halve(2**level)
        middles = keep * (points[:-1] + points[1:])
        middles += spread * normals.between(begin, len(middles), level)
        if begin == 0:  # the first middle is 2^level, which is known
            middles[0] = powers[level + 1]
        both = np.empty(2 * len(points) - 1)
        both[::2], both[1::2] = points, middles
        first = (first_sample >> level) - 2 * begin
        end = -(-last >> level) - 2 * begin
        points, begin = both[first : max(end, first + 1) + 1], 2 * begin + first
    return points[first_sample - begin :][:count]


class _Normals:
    """Standard normals at the middles of intervals, each that of its index.

    Each sample is the middle of an interval on one level only.
    """

    def __init__(self, seed, stream, first_sample, last):
        self._seed, self._stream = seed, stream
        begin = first_sample >> _DENSE_LEVELS
        end = max(-(-last >> _DENSE_LEVELS), begin + 1)
        self._begin = begin << _DENSE_LEVELS
        self._dense = np.empty((end - begin) << _DENSE_LEVELS, np.float32)
        kernels.gaussian(seed, self._begin, self._dense, stream)

    def between(self, begin, count, level):
        """Return those of `count` intervals of 2^(level + 1) samples."""
        first, stride = (2 * begin + 1) << level, 2 << level
        if level < _DENSE_LEVELS:
            return self._dense[first - self._begin :: stride][:count].astype(float)
        at = range(first, first + count * stride, stride)
        return np.array([_one(self._seed, self._stream, index) for index in at])


def _at_powers_of_two(step, seed, stream, level):
    """Return the phase at 0, 1, 2, 4, ..., 2^level, each from the previous one."""
    points = [step.initial * _one(seed, stream, 0)]
    for i in range(level + 1):
        keep, spread = step.forward(1 if i == 0 else 2 ** (i - 1))
        points.append(keep * points[-1] + spread * _one(seed, stream, 2**i))
    return points


def _one(seed, stream, index):
    drawn = np.empty(1, np.float32)
    kernels.gaussian(seed, index, drawn, stream)
    return float(drawn[0])


class _Step:
    """Transition of the phase to a later point and to the middle of two points.

    With a = 2 pi B and the variance v of the increment per sample, the process has
    stationary variance v / (2 a) and correlation exp(-a h) over h samples.
    """

    def __init__(self, settings):
        self._v = 2 * math.pi * settings.linewidth
        self._a = 2 * math.pi * settings.loop_bandwidth
        self.initial = math.sqrt(self._v / (2 * self._a)) if self._a else 0.0

    def forward(self, samples):
        """Return (factor of the previous point, deviation) after so many samples."""
        if not self._a:
            return 1.0, math.sqrt(self._v * samples)
        lost = -math.expm1(-2 * self._a * samples)
        return math.exp(-self._a * samples), self.initial * math.sqrt(lost)

    def halve(self, samples):
        """Return (factor of the ends' sum, deviation) at this distance from both."""
        if not self._a:
            return 0.5, math.sqrt(self._v * samples / 2)
        kept = math.exp(-2 * self._a * samples)
        keep = math.exp(-self._a * samples) / (1 + kept)
        lost = -math.expm1(-2 * self._a * samples)
        return keep, self.initial * math.sqrt(lost / (1 + kept))
