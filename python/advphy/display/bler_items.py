# SPDX-License-Identifier: GPL-3.0-or-later
"""The items of pyqtgraph that draw a BLER curve, and the looks of curves."""

from dataclasses import dataclass

import numpy as np

from .name_looks import INK, Look, look_of
from .plot_items import logarithms, show_line

DASHES = ([6, 4], [1.5, 3], [8, 3, 1.5, 3], [12, 4])  # of theory, in widths of the line
DASH_GLYPHS = "╌", "┈", "─·", "─ ─"
STYLES = None, [4, 2], [1, 2]  # of the settings of a name


@dataclass(frozen=True)
class CurveLook:
    """A measured curve and how it is told from others.

    Args:
        name: written at its end.
        differs: what tells it from others of the name, or empty.
        points: {x: (failures, blocks)}.
        present: x where it is being counted.
        look: of its name.
        variant: 0 for the first settings of the name, 1 for the next ...
        newest: whether it is the settings that its name has now.
    """

    name: str
    differs: str
    points: dict
    present: float
    look: Look
    variant: int
    newest: bool


def curve_looks(curves, most_variants):
    """Return CurveLooks of BlerPoints.curves(), of each name the newest settings."""
    of_name = {}
    for name, differs, present, seen, points in curves:
        of_name.setdefault(name, []).append((seen, differs, present, points))
    looks = []
    for name, variants in of_name.items():
        order = sorted((seen for seen, *_ in variants), reverse=True)
        oldest = order[:most_variants][-1]
        looks += [
            CurveLook(
                name, differs, points, present, look_of(name), variant, seen == order[0]
            )
            for variant, (seen, differs, present, points) in enumerate(variants)
            if seen >= oldest
        ]
    return looks


def pen_of(colour, width, dashes=None, opacity=1.0):
    """Return a QPen."""
    import pyqtgraph
    from PyQt5 import QtGui

    named = QtGui.QColor(colour)
    named.setAlphaF(opacity)
    return pyqtgraph.mkPen(named, width=width, dash=dashes)


class CurveItems:
    """A curve with intervals in a PlotItem."""

    def __init__(self, plot):
        import pyqtgraph

        self.line = pyqtgraph.PlotCurveItem(antialias=True)
        self.edges = [pyqtgraph.PlotCurveItem(pen=None) for _ in range(2)]
        self.band = pyqtgraph.FillBetweenItem(*self.edges)
        self.bars = pyqtgraph.ErrorBarItem(beam=0)
        self.dots = pyqtgraph.ScatterPlotItem(antialias=True)
        self.below = pyqtgraph.ScatterPlotItem(symbol="arrow_down", antialias=True)
        self.bars.setZValue(1)
        self.dots.setZValue(2)
        self.shown = None
        self._plot = plot
        self._all = [
            *self.edges,
            self.band,
            self.line,
            self.bars,
            self.dots,
            self.below,
        ]
        for item in self._all:
            plot.addItem(item, ignoreBounds=True)

    def remove(self):
        """Take the curve out of the plot."""
        for item in self._all:
            self._plot.removeItem(item)

    def show(self, look, found, size):
        """Draw measured points.

        Args:
            look: CurveLook.
            found: rows of (x, bler, low, high, failures, blocks).
            size: of markers, in screen pixels.
        """
        state = look, size
        if state == self.shown:
            return
        self.shown = state
        seen = ~np.isnan(found[:, 1])
        x = found[seen, 0]
        y, low, high = logarithms(found[seen, 1:4]).T
        colour, strength = look.look.colour, 1.0 if look.newest else 0.45
        edge = pen_of(colour, 1, opacity=strength)
        style = STYLES[look.variant % len(STYLES)]
        show_line(self.line, x, y, pen=pen_of(colour, 2, style, strength))
        for item, part in zip(self.edges, (low, high), strict=True):
            item.setData(x, part)
        self.band.setBrush(pen_of(colour, 1, opacity=0.18).color())
        self.band.setVisible(look.newest and len(x) > 1)
        self.bars.setData(x=x, y=y, top=high - y, bottom=y - low, pen=edge)
        fill = "w" if look.variant else edge.color()
        self.dots.setData(
            x, y, symbol=look.look.symbol, size=size, pen=edge, brush=fill
        )
        self.below.setData(
            found[~seen, 0],
            logarithms(found[~seen, 3]),
            pen=edge,
            brush=edge.color(),
            size=3 * size,
        )


def add_overlay(plot, number, theories, label, x, rates):
    """Draw a closed form, or counts of before; return the glyph and colour of it."""
    import pyqtgraph

    if number < theories:
        pen = pen_of(INK, 1, DASHES[number % len(DASHES)])
        item = pyqtgraph.PlotCurveItem(x, logarithms(rates), pen=pen, antialias=True)
        colour, glyph = INK, DASH_GLYPHS[number % len(DASHES)]
    else:
        look = look_of(label)
        pen = pen_of(look.colour, 1)
        item = pyqtgraph.PlotDataItem(
            x,
            logarithms(rates),
            pen=pen,
            symbol=look.symbol,
            symbolSize=7,
            symbolPen=pen,
            symbolBrush="w",
            antialias=True,
        )
        colour, glyph = look.colour, look.glyph
    item.setZValue(-1)
    plot.addItem(item, ignoreBounds=True)
    return glyph, colour
