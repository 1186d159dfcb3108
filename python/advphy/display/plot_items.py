# SPDX-License-Identifier: GPL-3.0-or-later
"""Axes, views, labels and other items that the displays add to pyqtgraph.

Colors are set for each item, never as options of pyqtgraph, which would change the
user's own widgets.
"""

import bisect
import functools
import html
import math
from dataclasses import dataclass

import numpy as np
from advphy_model.measure.measurement_text import rate_text
from PyQt5 import QtCore, QtGui, QtWidgets

from .top_window import INK

# isort: split
import pyqtgraph  # uses PyQt5 because that is already imported

# If a part of Qt is not installed, pyqtgraph stores the error. Its traceback would keep
# the stack frames of the first importer, and with them a flowgraph, alive.
for _part in vars(pyqtgraph.Qt).values():
    if isinstance(_part, pyqtgraph.Qt.FailedImport):
        _part.err.__traceback__ = None

SMALLER = 1, 0.9, 0.8, 0.7, 0.6  # sizes of labels that are tried

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def logarithms(rates):
    """Return log10 of rates; that of 0 is far below every axis."""
    return np.log10(np.maximum(np.asarray(rates, float), 1e-30))


@functools.cache  # a scatter plot keeps the picture of each QPen and QBrush it had
def pen_of(color, width=1, dashes=None, opacity=1.0):
    """Return a QPen, which must not be changed; dashes are in line widths."""
    color = QtGui.QColor(color)
    color.setAlphaF(opacity)
    return pyqtgraph.mkPen(color, width=width, dash=dashes)


@functools.cache
def brush_of(color, opacity=1.0):
    """Return a QBrush, which must not be changed."""
    return QtGui.QBrush(pen_of(color, opacity=opacity).color())


def show_line(item, x, y, **look):
    """Set the data of a PlotCurveItem; hide it without two successive points.

    pyqtgraph 0.13.1 fails to paint a wide line of fewer than two points.
    """
    item.setData(x, y, **look)
    known = np.isfinite(y)
    item.setVisible(bool((known[1:] & known[:-1]).any()))


class Axis(pyqtgraph.AxisItem):
    """An axis with room for the half labels at its ends, which a grid would cut off."""

    letter = 12  # height of letters, in screen pixels

    def __init__(self, side):
        super().__init__(side, pen=INK, textPen=INK, maxTickLength=0)
        self.enableAutoSIPrefix(False)
        fixed = {"autoExpandTextSpace": False, "hideOverlappingLabels": False}
        self.setStyle(tickTextOffset=3, **fixed)

    def boundingRect(self):
        half = 2 * self.letter
        return super().boundingRect().adjusted(-half, -half, half, half)


class DecadeAxis(Axis):
    """An axis of exponents of ten; rows, {exponent: text}, do not mean a rate."""

    def __init__(self, rows=None):
        super().__init__("left")
        self.rows = rows or {}

    def tickValues(self, minimum, maximum, size):
        if maximum - minimum < 1.2:  # the user has zoomed in
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
            return rate_text(10.0**value)
        raised = f"10{str(round(value)).translate(_RAISED)}" if value else "1"
        return self.rows.get(round(value), raised)


class HomeView(pyqtgraph.ViewBox):
    """A view with the window's menu and a home range, to which "View all" returns."""

    def __init__(self, menu, **more):
        super().__init__(enableMenu=False, **more)
        self._menu, self.home, self._moved = menu, None, False
        self.sigRangeChangedManually.connect(self._keep)

    def _keep(self, axes):
        self._moved = True

    def set_home(self, x_range, y_range):
        """Set the home range; show it unless the user has chosen another one."""
        if (x_range, y_range) != self.home:
            self.home = x_range, y_range
            if not self._moved:
                self.autoRange()

    def autoRange(self, *arguments, **more):
        self._moved = False
        x_range, y_range = self.home
        self.setRange(xRange=x_range, yRange=y_range, padding=0)

    def menuEnabled(self):
        return True

    def raiseContextMenu(self, event):
        self._menu.popup(event.screenPos().toPoint())


class Dots(pyqtgraph.ScatterPlotItem):
    """Points that can be moved without setData().

    setData() looks up symbol and brush of each point, which takes a millisecond for
    1000 points, twice as long as painting them.
    """

    def move(self, x, y):
        if len(x) != len(self.data):
            self.setData(x, y)
            return
        self.data["x"], self.data["y"] = x, y
        self.prepareGeometryChange()
        self.bounds = [None, None]
        self.invalidate()
        self.update()


@dataclass(frozen=True)
class Label:
    """Label of a curve."""

    name: str
    color: str = INK  # of the glyph
    glyph: str = ""  # marker or dashes of the curve
    words: str = ""  # differences from others of the same name
    value: str = ""  # newest value
    bold: bool = False

    def lines(self, width, font):
        """Return the texts of its lines; words and value share one if it is enough."""
        below = [part for part in (self.words, self.value) if part]
        together = ": ".join(below)
        if QtGui.QFontMetricsF(font).horizontalAdvance(together) < width:
            below = [together] if below else []
        return [f"{self.glyph} {self.name}" if self.glyph else self.name, *below]

    def page(self, lines):
        """Return the HTML of its lines."""
        first, *below = map(html.escape, lines)
        if self.glyph:
            colored = f"<span style='color: {self.color}'>{self.glyph}</span>"
            first = first.replace(self.glyph, colored, 1)
        return "<br>".join([f"<b>{first}</b>" if self.bold else first, *below])


class SideLabels(pyqtgraph.GraphicsWidget):
    """A column of labels next to a plot, wrapped, the most important on top.

    If they are too high, they are made smaller, and then the last ones left out.
    """

    clicked = QtCore.pyqtSignal(int, bool)  # number of a label, whether clicked twice

    def __init__(self):
        super().__init__()
        self._shown, self._labels, self._texts = None, [], []
        self.text = QtWidgets.QGraphicsTextItem(self)
        self.text.document().setDocumentMargin(4)
        wrapped = QtGui.QTextOption()
        wrapped.setWrapMode(QtGui.QTextOption.WrapAtWordBoundaryOrAnywhere)
        self.text.document().setDefaultTextOption(wrapped)

    def resizeEvent(self, event):
        self.show_labels(self._labels)

    def set_font(self, font):
        self._shown = None
        self.text.setFont(font)
        self.show_labels(self._labels)

    def mouseClickEvent(self, event):
        place = self.text.mapFromScene(event.scenePos())
        number = self.text.document().documentLayout().anchorAt(place)
        if number:
            event.accept()
            self.clicked.emit(int(number), event.double())

    def texts(self):
        return self._texts

    def show_labels(self, labels):
        """Show labels unless they are shown already."""
        size = self.size()
        if self._shown == (labels, size):
            return
        self._shown, self._labels = (labels, size), labels
        fewer = ((SMALLER[-1], count) for count in range(len(labels) - 1, 0, -1))
        tried = [*((each, len(labels)) for each in SMALLER), *fewer]

        def fits(smaller, count):
            self._write(labels[:count], smaller)
            return self.text.boundingRect().height() <= size.height()

        first = bisect.bisect_left(tried, True, key=lambda each: fits(*each))
        fits(*tried[min(first, len(tried) - 1)])

    def _write(self, labels, smaller):
        font, width, pages = QtGui.QFont(self.text.font()), self.size().width(), []
        font.setPixelSize(max(1, round(smaller * font.pixelSize())))
        written = [label.lines(width - 10, font) for label in labels]
        for number, (label, lines) in enumerate(zip(labels, written, strict=True)):
            pages.append(
                f"<p style='margin: 0 0 3px; font-size: {font.pixelSize()}px'><a href="
                f"'{number}' style='color: {INK}; text-decoration: none'>"
                f"{label.page(lines)}</a></p>"
            )
        self._texts = ["\n".join(lines) for lines in written]
        self.text.setHtml("".join(pages))
        self.text.setTextWidth(max(1, width))
