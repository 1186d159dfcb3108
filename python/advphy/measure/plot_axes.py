# SPDX-License-Identifier: GPL-3.0-or-later
"""Axes of a plot: where values are on the screen, and which ticks are written."""

import math
from dataclasses import dataclass

import numpy as np

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Axes:
    """A rectangle of the screen and the values at its edges.

    Args:
        left: of the rectangle, in screen pixels, as the next three.
        top: y grows downwards on a screen.
        width: of the rectangle.
        height: of it.
        x_range: values at its left and right edge.
        y_range: values at its lower and upper edge.
        log: whether y is logarithmic.
    """

    left: float
    top: float
    width: float
    height: float
    x_range: tuple
    y_range: tuple
    log: bool = False

    def x(self, values):
        """Return where values are, in screen pixels from the left."""
        low, high = self.x_range
        return self.left + (np.asarray(values, float) - low) / (high - low) * self.width

    def y(self, values):
        """Return where values are, in screen pixels from the top; 0 is far below."""
        values, (low, high) = np.asarray(values, float), self.y_range
        if self.log:
            low, high = math.log10(low), math.log10(high)
            values = np.log10(np.maximum(values, 1e-30))
        return self.top + (high - values) / (high - low) * self.height

    @property
    def bottom(self):
        """Return the lower edge, in screen pixels from the top."""
        return self.top + self.height

    @property
    def right(self):
        """Return the right edge, in screen pixels from the left."""
        return self.left + self.width

    def x_ticks(self, most):
        """Return [(value, text)], at most so many and one."""
        return round_steps(*self.x_range, most)

    def y_ticks(self, most):
        """Return [(value, text)]; of a logarithmic axis the decades."""
        if not self.log:
            return round_steps(*self.y_range, most)
        return decades(*self.y_range, most)


def round_steps(low, high, most):
    """Return [(value, text)] at round steps of 1, 2 or 5 within low..high."""
    rough = (high - low) / max(1, most)
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(m * size for m in (1, 2, 5, 10) if m * size >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [(i * step, f"{i * step:.6g}") for i in range(first, last + 1)]


def decades(low, high, most):
    """Return [(value, text)] of the powers of ten within low..high."""
    first = math.ceil(math.log10(low) - 1e-9)
    last = math.floor(math.log10(high) + 1e-9)
    every = max(1, math.ceil((last - first + 1) / max(1, most)))
    return [(10.0**e, power_of_ten(e)) for e in range(last, first - 1, -every)]


def power_of_ten(exponent):
    """Return 10 to the exponent as it is written by hand; 1 for 0."""
    return "1" if exponent == 0 else "10" + str(exponent).translate(_RAISED)


def rate_text(failures, blocks):
    """Return a block error rate as a person reads it."""
    if not failures:
        return f"none of {blocks:,.0f}".replace(",", " ")
    rate = failures / blocks
    return f"{rate:.3f}" if rate >= 0.01 else f"{rate:.2e}"


def spread(wanted, heights, low, high):
    """Return tops of labels near the wanted centres, in order, none over another.

    Args:
        wanted: centre of each label, in screen pixels.
        heights: of the labels.
        low: upper edge of the room.
        high: lower edge of it; where the labels need more they begin at the top.
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    tops = [0.0] * len(wanted)
    edge = low
    for i in order:
        tops[i] = edge = max(edge, min(wanted[i] - heights[i] / 2, high - heights[i]))
        edge += heights[i]
    edge = high
    for i in reversed(order):
        tops[i] = min(tops[i], edge - heights[i])
        edge = tops[i]
    over = low - min(tops, default=low)
    return [top + max(0.0, over) for top in tops]
