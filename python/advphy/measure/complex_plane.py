# SPDX-License-Identifier: GPL-3.0-or-later
"""Panels of the complex plane, side by side and of one scale."""

import math

from .plot_axes import Axes
from .plot_painting import GREY, PALE, paint_frame, paint_text, pen

MOST_PANELS = 8


def panels(left, top, width, height, count, reach, letter):
    """Return Axes of square panels that fill a rectangle best.

    Args:
        left: of the rectangle, in screen pixels, as top, width and height.
        top: see left.
        width: see left.
        height: see left.
        count: how many panels.
        reach: real and imaginary parts -reach..reach are in each.
        letter: height of letters, for the room between panels.
    """
    gap_x, gap_y = (4.6, 3.0) if count == 1 else (0.8, 1.5)
    best = None
    for columns in range(1, count + 1):
        rows = math.ceil(count / columns)
        side = min(width / columns - gap_x * letter, height / rows - gap_y * letter)
        if best is None or side > best[0]:
            best = side, columns, rows
    side, columns, rows = best
    side = max(side, 10.0)
    begin_x = left + (width - columns * (side + gap_x * letter)) / 2
    begin_y = top + (height - rows * (side + gap_y * letter)) / 2
    return [
        Axes(
            begin_x + (i % columns) * (side + gap_x * letter)
            + (4.0 if count == 1 else 0.4) * letter,
            begin_y + (i // columns) * (side + gap_y * letter)
            + (0.2 if count == 1 else 1.2) * letter,
            side, side, (-reach, reach), (-reach, reach),
        )
        for i in range(count)
    ]  # fmt: skip


def paint_panels(painter, of_panels, names):
    """Paint the frames: ticks where there is one, else axes through zero and names."""
    letter = painter.fontMetrics().height()
    for axes, name in zip(of_panels, names, strict=True):
        if len(of_panels) == 1:
            paint_frame(painter, axes, "in-phase", "quadrature")
            continue
        painter.setRenderHint(painter.Antialiasing, False)
        painter.setPen(pen(GREY))
        painter.setBrush(0)
        painter.drawRect(round(axes.left), round(axes.top), round(axes.width),
                         round(axes.height))  # fmt: skip
        painter.setPen(pen(PALE))
        middle = round(float(axes.x(0))), round(float(axes.y(0)))
        painter.drawLine(middle[0], round(axes.top) + 1, middle[0],
                         round(axes.bottom) - 1)  # fmt: skip
        painter.drawLine(round(axes.left) + 1, middle[1], round(axes.right) - 1,
                         middle[1])  # fmt: skip
        painter.setRenderHint(painter.Antialiasing, True)
        paint_text(painter, axes.left + axes.width / 2, axes.top - 0.6 * letter, name,
                   "centre")  # fmt: skip


def reach_for(size, present):
    """Return how far a panel should reach for values up to a size.

    It grows at once, and shrinks only when less than half is used.

    Args:
        size: largest real or imaginary part to be seen.
        present: how far it reaches now.
    """
    if size <= present and size > 0.45 * present:
        return present
    decade = 10.0 ** math.floor(math.log10(max(size, 1e-6)))
    return next(m * decade for m in (1, 1.5, 2, 3, 4, 6, 8, 10) if m * decade >= size)
