# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said about the point under the mouse."""

import math

import numpy as np

from .plot_painting import GREY, paint_text, pen

NEAR = 14  # screen pixels between the mouse and the point it means


def hover_at(mouse, axes, curves, x_label):
    """Return (x, y, lines) of the point nearest to the mouse, or None.

    Args:
        mouse: QPoint.
        axes: Axes.
        curves: [(CurveLook, rows of (x, bler, low, high, failures, blocks))].
        x_label: of the horizontal axis.
    """
    best, words = NEAR, None
    for look, found in curves:
        rates = np.where(np.isnan(found[:, 1]), found[:, 3], found[:, 1])
        x, y = axes.x(found[:, 0]), axes.y(rates)
        away = np.hypot(x - mouse.x(), y - mouse.y())
        nearest = int(away.argmin())
        if away[nearest] <= best:
            best = float(away[nearest])
            words = float(x[nearest]), float(y[nearest]), (
                ", ".join(filter(None, (look.name, look.differs))),
                *point_lines(found[nearest], x_label),
            )  # fmt: skip
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


def paint_hover(painter, window, axes, x, y, lines):
    """Paint lines of text in a box beside a point."""
    from PyQt5 import QtCore

    letter, metrics = window.set_font(painter, 0.95), painter.fontMetrics()
    width = max(metrics.horizontalAdvance(line) for line in lines) + letter
    height = (len(lines) + 0.6) * letter
    left = min(x + letter, window.width() - width - 4)
    top = y + letter
    if top + height > axes.bottom:
        top = y - letter - height
    painter.setPen(pen(GREY))
    painter.setBrush(QtCore.Qt.white)
    painter.drawRoundedRect(QtCore.QRectF(left, top, width, height), 4, 4)
    for number, line in enumerate(lines):
        paint_text(painter, left + letter / 2, top + (number + 0.8) * letter, line)
