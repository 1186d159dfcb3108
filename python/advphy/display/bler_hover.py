# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said about the point under the mouse."""

import math

import numpy as np

from .plot_items import logarithms

NEAR = 14  # screen pixels between the mouse and the point it means


def hover_at(at, pixel, curves, x_label):
    """Return (x, y, lines) of the point nearest to a place of the plot, or None.

    Args:
        at: (x, log10 BLER) under the mouse.
        pixel: width and height of a screen pixel in the plot.
        curves: [(CurveLook, rows of (x, bler, low, high, failures, blocks))].
        x_label: of the horizontal axis.
    """
    best, words = NEAR, None
    for look, found in curves:
        y = logarithms(np.where(np.isnan(found[:, 1]), found[:, 3], found[:, 1]))
        away = np.hypot((found[:, 0] - at[0]) / pixel[0], (y - at[1]) / pixel[1])
        nearest = int(away.argmin())
        if away[nearest] <= best:
            best = float(away[nearest])
            words = (
                float(found[nearest, 0]),
                float(y[nearest]),
                (
                    ", ".join(filter(None, (look.name, look.differs))),
                    *point_lines(found[nearest], x_label),
                ),
            )
    return words


def point_lines(point, x_label):
    """Return lines about a point (x, bler, low, high, failures, blocks)."""
    x, bler, low, high, failures, blocks = point
    what, is_db, _ = x_label.partition(" (dB)")
    rate = f"BLER {bler:.3g}, 95 %: {low:.2g} to {high:.2g}"
    if math.isnan(bler):
        rate = f"no error seen: BLER below {high:.2g} at 95 %"
    return (
        f"{what} {x:g}{' dB' if is_db else ''}",
        rate,
        f"{failures:.0f} of {blocks:.0f} blocks failed",
    )
