# SPDX-License-Identifier: GPL-3.0-or-later
"""What the displays add to pyqtgraph: decades on an axis, a view that knows its home.

Their colors are given to each item, never as options of pyqtgraph, which a user's own
widgets share.
"""

import math

import numpy as np
from PyQt5 import QtGui

# isort: split
import pyqtgraph  # takes PyQt5 where that is imported already, perhaps another Qt else

# pyqtgraph keeps the error of a part of Qt that is not installed, by its traceback the
# frames of those who import it first, and so their flowgraph.
for _part in vars(pyqtgraph.Qt).values():
    if isinstance(_part, pyqtgraph.Qt.FailedImport):
        _part.err.__traceback__ = None

GRAY, PALE, INK = "#555555", "#BBBBBB", "#111111"

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def power_of_ten(exponent):
    """Return 10 to a whole exponent as it is written by hand; 1 for 0."""
    return "1" if exponent == 0 else "10" + str(exponent).translate(_RAISED)


def logarithms(rates):
    """Return log10 of rates, where 0 is far below every axis."""
    return np.log10(np.maximum(np.asarray(rates, float), 1e-30))


def pen_of(color, width=1, dashes=None, opacity=1.0):
    """Return a QPen; dashes are in widths of the line."""
    named = QtGui.QColor(color)
    named.setAlphaF(opacity)
    return pyqtgraph.mkPen(named, width=width, dash=dashes)


def show_line(item, x, y, **look):
    """Give a PlotCurveItem its data; without a stretch it vanishes.

    pyqtgraph 0.13.1 fails to paint a wide line of fewer than two points.
    """
    item.setData(x, y, **look)
    known = np.isfinite(y)
    item.setVisible(bool((known[1:] & known[:-1]).any()))


class Axis(pyqtgraph.AxisItem):
    """pyqtgraph leaves no room for half a label where there is a grid."""

    letter = 12  # height of letters, in screen pixels

    def boundingRect(self):
        half = 2 * self.letter
        return super().boundingRect().adjusted(-half, -half, half, half)


class DecadeAxis(Axis):
    """An axis whose values are exponents of ten.

    Args:
        rows: {exponent: text} of rows that stand for something else than a rate.
    """

    def __init__(self, rows=None):
        super().__init__("left")
        self.rows = rows or {}

    def tickValues(self, minimum, maximum, size):
        if maximum - minimum < 1.2:  # a person looks closely
            return super().tickValues(minimum, maximum, size)
        every = math.ceil((maximum - minimum) * 1.4 * self.letter / max(size, 1))
        whole = range(math.ceil(minimum), math.floor(maximum) + 1)
        lowest = max(self.rows, default=-math.inf)
        major = [v for v in whole if v in self.rows or (v > lowest and v % every == 0)]
        parts = np.log10(np.arange(2, 10))
        minor = np.add.outer([v for v in whole if v > lowest], parts).ravel()
        fine = minor[minor < maximum].tolist() if every == 1 else []
        return [(every, major), (None, fine)]

    def tickStrings(self, values, scale, spacing):
        if spacing is None:
            return [""] * len(values)
        return [self._text(value) for value in values]

    def _text(self, value):
        if value != round(value):
            return f"{10.0**value:.2g}"
        return self.rows.get(round(value)) or power_of_ten(round(value))


class HomeView(pyqtgraph.ViewBox):
    """A view with a range that "View all" returns to, and the window's menu."""

    def __init__(self, menu, **more):
        super().__init__(enableMenu=False, **more)
        self._menu, self.home, self._moved = menu, None, False
        self.sigRangeChangedManually.connect(self._keep)

    def _keep(self, axes):
        self._moved = True

    def set_home(self, x_range, y_range):
        """Show a range, unless a person looks at another."""
        if (x_range, y_range) != self.home:
            self.home = x_range, y_range
            if not self._moved:
                self.autoRange()

    def autoRange(self, *arguments, **more):
        """Return home."""
        self._moved = False
        x_range, y_range = self.home
        self.setRange(xRange=x_range, yRange=y_range, padding=0)

    def menuEnabled(self):
        return True

    def raiseContextMenu(self, event):
        self._menu.popup(event.screenPos().toPoint())


class Dots(pyqtgraph.ScatterPlotItem):
    """Points for each of which setData() would look up symbol and brush anew.

    That takes a millisecond for 1000 points, twice as long as to paint them.
    """

    def move(self, x, y):
        """Draw points at other places."""
        if len(x) != len(self.data):
            self.setData(x, y)
            return
        self.data["x"], self.data["y"] = x, y
        self.prepareGeometryChange()
        self.bounds = [None, None]
        self.invalidate()
        self.update()
