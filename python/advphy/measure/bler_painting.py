# SPDX-License-Identifier: GPL-3.0-or-later
"""How BLER curves, what stands behind them and the labels at their ends are painted."""

import math
from dataclasses import dataclass

import numpy as np

from .plot_axes import rate_text, spread
from .plot_painting import (
    COLOURS,
    GREY,
    INK,
    MARKERS,
    colour,
    paint_arrow,
    paint_band,
    paint_bars,
    paint_line,
    paint_markers,
    paint_text,
    pen,
)

DASHES = ([6, 4], [1.5, 3], [8, 3, 1.5, 3], [12, 4])  # in widths of the line
STYLES = ("solid", "dashed", "dotted", "dotted")


@dataclass(frozen=True)
class CurveLook:
    """A measured curve and how it is told from others.

    Args:
        name: written at its end.
        differs: what tells it from others of the name, or empty.
        points: {x: (failures, blocks)}.
        present: x where it is being counted.
        colour: of its name, as the marker.
        marker: with it curves are told apart in grey, too.
        variant: 0 for the first settings of the name, 1 for the next ...
        newest: whether it is the settings that its name has now.
    """

    name: str
    differs: str
    points: dict
    present: float
    colour: str
    marker: str
    variant: int
    newest: bool


def curve_looks(curves, most_variants):
    """Return CurveLooks of BlerPoints.curves(), of each name the newest settings."""
    of_name = {}
    for name, differs, present, seen, points in curves:
        of_name.setdefault(name, []).append((seen, differs, present, points))
    looks = []
    for number, (name, variants) in enumerate(of_name.items()):
        newest = max(seen for seen, *_ in variants)
        oldest = sorted((seen for seen, *_ in variants), reverse=True)[:most_variants][
            -1
        ]
        for variant, (seen, differs, present, points) in enumerate(variants):
            if seen >= oldest:
                looks.append(CurveLook(
                    name, differs, points, present,
                    COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)],
                    variant, seen == newest))  # fmt: skip
    return looks


def paint_curve(painter, axes, look, found, letter):
    """Paint intervals, line and markers of measured points.

    Args:
        painter: QPainter.
        axes: Axes.
        look: CurveLook.
        found: rows of (x, bler, low, high, failures, blocks).
        letter: height of letters, for the size of markers.
    """
    x, bler, low, high = found[:, :4].T
    seen = ~np.isnan(bler)
    at, strength, size = axes.x(x), 1.0 if look.newest else 0.45, 0.3 * letter
    above, upper, lower = axes.y(bler), axes.y(high), axes.y(np.maximum(low, 1e-30))
    if look.newest and seen.sum() > 1:
        paint_band(painter, at[seen], lower[seen], upper[seen],
                   colour(look.colour, 0.18))  # fmt: skip
    line = pen(look.colour, 2.0, STYLES[look.variant % len(STYLES)], strength)
    paint_line(painter, at[seen], above[seen], line)
    edge = pen(look.colour, 1.5, opacity=strength)
    paint_bars(painter, at[seen], lower[seen], upper[seen], edge)
    fill = colour("white") if look.variant else colour(look.colour, strength)
    paint_markers(painter, at[seen], above[seen], look.marker, size, edge, fill)
    for left, top in zip(at[~seen], upper[~seen], strict=True):  # none failed: below
        top = min(top, axes.bottom - 1.6 * letter)
        paint_line(painter, [left - size, left + size], [top, top], edge)
        end = left, top + 1.4 * letter
        paint_arrow(painter, (left, top), end, edge, 0.6 * letter)
    if look.newest:
        for row in found[x == look.present]:
            rate = row[3] if math.isnan(row[1]) else row[1]
            paint_markers(painter, axes.x(row[:1]), axes.y(np.array([rate])), "o",
                          2.1 * size, pen(INK, 1.5))  # fmt: skip


def overlay_look(number, theories):
    """Return (QPen, marker or None) of a closed form, or of counts of before."""
    if number < theories:
        line = pen(INK, 1.2)
        line.setDashPattern(DASHES[number % len(DASHES)])
        return line, None
    number -= theories
    name = COLOURS[-2 - number % (len(COLOURS) - 1)]
    return pen(name, 1.2), MARKERS[-1 - number % len(MARKERS)]


def paint_overlay(painter, axes, number, theories, x, rates):
    """Paint a closed form, or counts of before."""
    line, marker = overlay_look(number, theories)
    paint_line(painter, axes.x(x), axes.y(rates), line)
    if marker:
        paint_markers(painter, axes.x(x), axes.y(rates), marker, 3, line)


def value_text(look):
    """Return what is written about the point that is being counted."""
    failures, blocks = look.points.get(look.present, (0, 0))
    if not blocks:
        return ""
    return rate_text(failures, blocks)


def paint_labels(painter, window, axes, looks, overlays, theories):
    """Paint names and values in the order of the curves' ends, right of the plot."""
    letter = window.set_font(painter)
    ends, heights, painted = [], [], []
    for number, (label, x, rates) in enumerate(overlays):
        shown = rates[(x <= axes.x_range[1]) & (rates > 0)]
        ends.append(shown[-1] if len(shown) else 1.0)
        heights.append(1.1 * letter)
        painted.append((number, label))
    for look in looks:
        with_errors = [f / b for f, b in look.points.values() if f]
        ends.append(with_errors[-1] if with_errors else axes.y_range[0])
        heights.append(2.25 * letter)
        painted.append((look, look.name))
    wanted = np.clip(axes.y(np.array(ends)), axes.top, axes.bottom)
    tops = spread(wanted, heights, axes.top, axes.bottom + letter)
    for (what, label), top in zip(painted, tops, strict=True):
        _paint_label(painter, window, axes, what, label, top, theories)


def _paint_label(painter, window, axes, what, label, top, theories):
    letter = window.set_font(painter, bold=not isinstance(what, int))
    left, middle = axes.right + 0.7 * letter, top + 0.55 * letter
    sample = np.array([left, left + 1.3 * letter]), np.array([middle, middle])
    centre = np.array([left + 0.65 * letter]), np.array([middle])
    text_left = left + 1.8 * letter
    if isinstance(what, int):
        letter = window.set_font(painter, 0.9)
        line, marker = overlay_look(what, theories)
        paint_line(painter, *sample, line)
        if marker:
            paint_markers(painter, *centre, marker, 3, line)
    else:
        edge = pen(what.colour, 2, STYLES[what.variant % len(STYLES)])
        paint_line(painter, *sample, edge)
        fill = colour("white") if what.variant else colour(what.colour)
        paint_markers(painter, *centre, what.marker, 0.26 * letter,
                      pen(what.colour, 1.5), fill)  # fmt: skip
    room = int(window.width() - text_left - 0.3 * letter)
    elided = painter.fontMetrics().elidedText(label, 1, room)  # at the right
    paint_text(painter, text_left, middle, elided,
               colour_name=GREY if isinstance(what, int) else INK)  # fmt: skip
    if not isinstance(what, int):
        window.set_font(painter)
        words = what.differs, value_text(what) if what.newest else ""
        text = painter.fontMetrics().elidedText(": ".join(filter(None, words)), 1, room)
        paint_text(painter, text_left, middle + 1.05 * letter, text,
                   colour_name=INK if what.newest else GREY)  # fmt: skip
