# SPDX-License-Identifier: GPL-3.0-or-later
"""pyqtgraph items of measured, closed-form and earlier BLER curves."""

import numpy as np
from advphy_model.measure.curve_looks import look_of
from advphy_model.measure.measurement_text import sentence

from .plot_items import INK, logarithms, pen_of, pyqtgraph, show_line

DASHES = ([6, 4], [1.5, 3], [8, 3, 1.5, 3], [12, 4])  # of theory, in line widths
DASH_GLYPHS = ("╌", "┈", "─·", "─ ─")
STYLES = (None, [4, 2], [1, 2])  # dashes of the variants of a curve


def point_text(label, x_label, x, failures, blocks):
    """Return the text for a point under the mouse."""
    what, is_db, _ = x_label.partition(" (dB)")
    return (
        f"{label}\n{what} {x:g}{' dB' if is_db else ''}\n{sentence(failures, blocks)}\n"
        f"{failures} of {blocks} blocks failed"
    )


class CurveItems:
    """A measured curve with its intervals in a PlotItem.

    Args:
        plot: PlotItem.
        x_label: label of its horizontal axis.
    """

    def __init__(self, plot, x_label):
        hover = {"hoverable": True, "tip": lambda x, y, data: data, "antialias": True}
        self.line = pyqtgraph.PlotCurveItem(antialias=True)
        self.edges = [pyqtgraph.PlotCurveItem(pen=None) for _ in range(2)]
        self.band = pyqtgraph.FillBetweenItem(*self.edges)
        self.bars = pyqtgraph.ErrorBarItem(beam=0)
        self.dots = pyqtgraph.ScatterPlotItem(**hover)
        self.below = pyqtgraph.ScatterPlotItem(symbol="arrow_down", **hover)
        self.bars.setZValue(1)
        self.dots.setZValue(2)
        self._shown, self._plot, self._x_label = None, plot, x_label
        self._all = [*self.edges, self.band, self.line, self.bars, self.dots]
        self._all.append(self.below)
        for item in self._all:
            plot.addItem(item, ignoreBounds=True)

    def remove(self):
        """Remove the curve from the plot."""
        for item in self._all:
            self._plot.removeItem(item)

    def show(self, curve, size):
        """Draw a DrawnCurve with markers of a size in screen pixels."""
        if (curve, size) == self._shown:
            return
        self._shown, rows, look = (curve, size), curve.rows(), look_of(curve.name)
        texts = np.array(
            [
                point_text(curve.label, self._x_label, x, *counts)
                for x, counts in curve.points.items()
            ]
        )
        seen = ~np.isnan(rows[:, 1])
        x, (y, low, high) = rows[seen, 0], logarithms(rows[seen, 1:4]).T
        strength = 0.45 if curve.age else 1.0
        edge = pen_of(look.color, opacity=strength)
        style = STYLES[curve.variant % len(STYLES)]
        show_line(self.line, x, y, pen=pen_of(look.color, 2, style, strength))
        for item, part in zip(self.edges, (low, high), strict=True):
            item.setData(x, part)
        self.band.setBrush(pen_of(look.color, opacity=0.18).color())
        self.band.setVisible(not curve.age and len(x) > 1)
        self.bars.setData(x=x, y=y, top=high - y, bottom=y - low, pen=edge)
        inside = "w" if curve.variant else edge.color()
        drawn = {"symbol": look.marker.pyqtgraph, "size": size, "brush": inside}
        self.dots.setData(x, y, pen=edge, **drawn, data=texts[seen].tolist())
        x, excluded = rows[~seen, 0], logarithms(rows[~seen, 3])
        drawn = {"size": 3 * size, "brush": edge.color()}
        self.below.setData(x, excluded, pen=edge, **drawn, data=texts[~seen].tolist())


def add_theory(plot, number, x, rates):
    """Draw a closed form; return its color and a glyph of its dashes."""
    dashes = number % len(DASHES)
    pen = pen_of(INK, 1, DASHES[dashes])
    item = pyqtgraph.PlotCurveItem(x, logarithms(rates), pen=pen, antialias=True)
    item.setZValue(-1)
    plot.addItem(item, ignoreBounds=True)
    return INK, DASH_GLYPHS[dashes]


def add_earlier(plot, label, x, rates):
    """Draw earlier counts as a thin line; return its color and marker."""
    look, y = look_of(label), logarithms(rates)
    pen = pen_of(look.color)
    marks = {"symbol": look.marker.pyqtgraph, "symbolSize": 7, "symbolBrush": "w"}
    marks |= {"symbolPen": pen, "antialias": True}
    item = pyqtgraph.PlotDataItem(x, y, pen=pen, **marks)
    item.setZValue(-1)
    plot.addItem(item, ignoreBounds=True)
    return look.color, look.marker.glyph
