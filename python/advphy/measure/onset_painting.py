# SPDX-License-Identifier: GPL-3.0-or-later
"""How errors, attacks and detections are painted over time."""

import numpy as np

from .onset_record import lasting, spells
from .plot_painting import (
    COLOURS,
    INK,
    MARKERS,
    colour,
    paint_line,
    paint_long_line,
    paint_markers,
    pen,
)

GAP = 1.0  # seconds without counts over which no line is drawn
BRIEF = 0.02  # seconds: a window or two, as a false alarm takes
MARKED = 14  # of the points of a curve have markers


def paint_errors(painter, axes, now, intervals, row, number, size):
    """Paint the block error rate of each interval; those without errors in a row below.

    Args:
        painter: QPainter.
        axes: Axes, time 0 is now.
        now: unix seconds at the right.
        intervals: [Interval] of one counter.
        row: where intervals without errors are, in screen pixels from the top.
        number: of the counter, for its colour and marker.
        size: of markers.
    """
    kept = [i for i in intervals if i.time - now >= axes.x_range[0] - GAP]
    if not kept:
        return
    times = np.array([i.time for i in kept])
    rates = np.array([i.failures / i.blocks for i in kept])
    x = axes.x(times - now)
    y = np.where(rates > 0, np.minimum(axes.y(rates), axes.bottom), row)
    name = COLOURS[number % len(COLOURS)]
    breaks = np.flatnonzero(np.diff(times) > GAP) + 1
    for part in np.split(np.arange(len(x)), breaks):
        paint_long_line(painter, x[part], y[part], name)
    every = max(1, len(x) // MARKED)
    # Counted from the right times: the same points stay marked while they move.
    marked = np.flatnonzero(np.floor(times * 20).astype(int) % every == 0)
    paint_markers(painter, x[marked], y[marked], MARKERS[number % len(MARKERS)], size,
                  pen(name, 1), colour(name))  # fmt: skip


def paint_spells(painter, upper, lower, now, attacked):
    """Shade the time while an attack is on.

    Args:
        painter: QPainter.
        upper: Axes of the errors.
        lower: Axes of the PSR.
        now: unix seconds at the right.
        attacked: {name: [(begin, end, psr_db)]} of adversaries.
    """
    from PyQt5 import QtCore

    for parts in attacked.values():
        for begin, end, _ in parts:
            left = max(float(upper.x(begin - now)), upper.left)
            right = float(upper.x(end - now))
            if right > left:
                painter.fillRect(
                    QtCore.QRectF(left, upper.top, right - left,
                                  lower.bottom - upper.top),
                    colour(COLOURS[4], 0.22),
                )  # fmt: skip


def paint_found(painter, axes, now, found, middle, height):
    """Paint bars in a row while a canceller says detected, pale where only briefly."""
    from PyQt5 import QtCore

    share = height / max(1, len(found))
    for number, states in enumerate(found.values()):
        top = middle - height / 2 + number * share
        for begin, end, _ in _spells_of_any_psr(states, now):
            left, right = axes.x(np.array([begin, end]) - now)
            left, width = max(left, axes.left), max(right - max(left, axes.left), 1)
            if right >= axes.left:
                brief = end - begin < BRIEF
                painter.fillRect(QtCore.QRectF(left, top, width, share - 1),
                                 colour(INK, 0.3 if brief else 1.0))  # fmt: skip


def _spells_of_any_psr(states, now):
    plain = [type(s)(s.time, s.on, 0.0) for s in states]
    return spells(plain, now)


def paint_psr(painter, axes, now, attacked, found):
    """Paint the true PSR as thick lines, what cancellers estimate as thin ones."""
    for parts in attacked.values():
        for begin, end, psr_db in parts:
            x = np.maximum(axes.x(np.array([begin, end]) - now), axes.left)
            paint_line(painter, x, axes.y([psr_db, psr_db]), pen(COLOURS[4], 3))
    for states in found.values():
        for run in lasting(states):
            times = np.array([s.time for s in run])
            values = np.array([s.psr_db for s in run])
            shown = (times - now >= axes.x_range[0] - GAP) & np.isfinite(values)
            x, y = axes.x(times[shown] - now), axes.y(values[shown])
            paint_long_line(painter, x, y, INK)
