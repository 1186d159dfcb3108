# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written beside the onset strip: names, newest rates, delays."""

import numpy as np

from .onset_record import found_after, last_change, recovered_after
from .plot_axes import rate_text, spread
from .plot_painting import COLOURS, INK, MARKERS, colour, paint_markers, paint_text, pen


def delay_texts(intervals, attacks, found):
    """Return lines about the newest change of the attack: when it told.

    Args:
        intervals: {name: [Interval]}.
        attacks: {name: [State]} of adversaries.
        found: {name: [State]} of cancellers.
    """
    changes = [change for states in attacks.values() if (change := last_change(states))]
    if not changes:
        return []
    onset, on = max(changes)
    if not on:
        return []
    lines = []
    for name, states in found.items():
        after = found_after(states, onset)
        if after is not None:
            lines.append(f"{name}: found after {after:.2f} s")
    for name, counted in intervals.items():
        hurt, after = recovered_after(counted, onset)
        if after is not None:
            lines.append(f"{name}: recovered after {after:.2f} s")
        elif hurt:
            lines.append(f"{name}: not recovered")
    return lines


def paint_labels(painter, window, axes, intervals):
    """Paint the names of counters and their newest rates, right of the plot."""
    letter = window.set_font(painter)
    newest = [kept[-1] for kept in intervals.values()]
    wanted = [float(axes.y(max(i.failures / i.blocks, axes.y_range[0])))
              for i in newest]  # fmt: skip
    tops = spread(wanted, [2.3 * letter] * len(newest), axes.top,
                  axes.bottom + 1.4 * letter)  # fmt: skip
    left = axes.right + 0.9 * letter
    for number, (name, last, top) in enumerate(
        zip(intervals, newest, tops, strict=True)
    ):
        name_of_colour = COLOURS[number % len(COLOURS)]
        paint_markers(
            painter, np.array([left]), np.array([top + 0.6 * letter]),
            MARKERS[number % len(MARKERS)], 0.28 * letter,
            pen(name_of_colour, 1.5), colour(name_of_colour),
        )  # fmt: skip
        window.set_font(painter, bold=True)
        room = int(window.width() - left - 1.0 * letter)
        text = painter.fontMetrics().elidedText(name, 1, room)
        paint_text(painter, left + 0.7 * letter, top + 0.6 * letter, text)
        window.set_font(painter)
        rate = rate_text(last.failures, last.blocks)
        paint_text(painter, left + 0.7 * letter, top + 1.65 * letter, rate)


def paint_psr_key(painter, window, axes):
    """Paint which line is the attack and which is what a canceller estimates."""
    from PyQt5 import QtCore

    letter = window.set_font(painter, 0.95)
    left = axes.right + 0.5 * letter
    for number, (text, line) in enumerate((
        ("attack", pen(COLOURS[4], 3)), ("estimated", pen(INK, 1.5)),
    )):  # fmt: skip
        middle = axes.top + (0.6 + 1.1 * number) * letter
        painter.setPen(line)
        painter.drawLine(QtCore.QPointF(left, middle),
                         QtCore.QPointF(left + letter, middle))  # fmt: skip
        paint_text(painter, left + 1.3 * letter, middle, text)


def paint_delays(painter, window, axes, delays):
    """Paint lines about when the attack was found, and when counters recovered."""
    letter = window.set_font(painter, 0.95)
    left = axes.right + 0.5 * letter
    for number, text in enumerate(delays):
        middle = axes.top + (3.0 + 1.1 * number) * letter
        room = int(window.width() - left - 4)
        text = painter.fontMetrics().elidedText(text, 1, room)
        paint_text(painter, left, middle, text)
