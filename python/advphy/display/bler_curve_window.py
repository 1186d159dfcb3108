# SPDX-License-Identifier: GPL-3.0-or-later
"""Window of the BLER-curve sink."""

import math

import numpy as np
from advphy_model.measure.curve_looks import look_of, number_of
from advphy_model.measure.measurement_text import sentence, short_text
from PyQt5 import QtWidgets

from .bler_curves import MOST_VARIANTS
from .plot_items import Label, brush_of, logarithms, pen_of, pyqtgraph, show_line
from .plot_window import PlotWindow
from .top_window import GRAY, INK, PAPER

DASHES = ((6, 4), (1.5, 3), (8, 3, 1.5, 3), (12, 4))  # of theory, in line widths
DASH_GLYPHS = ("╌", "┈", "─·", "─ ─")
STYLES = (None, (4, 2), (1, 2))  # dashes of the variants of a curve
VAGUE = 1.0  # decades; a point with a wider interval is drawn as an interval only
PIN = "Click: keep this curve, or do not. Double click: name it."


class CurveItems:
    """A measured curve with its intervals in a PlotItem."""

    def __init__(self, plot):
        hover = {"hoverable": True, "tip": lambda x, y, data: data, "antialias": True}
        self.line = pyqtgraph.PlotCurveItem(antialias=True)
        self.edges = [pyqtgraph.PlotCurveItem(pen=None) for _ in range(2)]
        self.band = pyqtgraph.FillBetweenItem(*self.edges)
        self.bars = pyqtgraph.ErrorBarItem(beam=0)
        self.dots = pyqtgraph.ScatterPlotItem(**hover)
        self.below = pyqtgraph.ScatterPlotItem(symbol="arrow_down", **hover)
        self.bars.setZValue(1)
        self.dots.setZValue(2)
        self._shown = None
        self._all = [*self.edges, self.band, self.line, self.bars, self.dots]
        self._all.append(self.below)
        for item in self._all:
            plot.addItem(item, ignoreBounds=True)

    def hide(self):
        """Hide all items until show(); removed ones would not free their memory."""
        self._shown = None
        for item in self._all:
            item.setVisible(False)

    def show(self, curve, size, x_label):
        """Draw a DrawnCurve with markers of a size in screen pixels."""
        if (curve, size) == self._shown:
            return
        self._shown, rows, look = (curve, size), curve.rows(), look_of(curve.name)
        for item in self._all:
            item.setVisible(True)
        what, is_db, _ = x_label.partition(" (dB)")
        texts = [  # of points under the mouse
            f"{curve.title}\n{what} {x:g}{' dB' if is_db else ''}\n"
            f"{sentence(failures, blocks)}\n{failures} of {blocks} blocks failed"
            for x, (failures, blocks) in curve.points.items()
        ]
        texts = np.array(texts)
        seen = ~np.isnan(rows[:, 1])
        x, (y, low, high) = rows[seen, 0], logarithms(rows[seen, 1:4]).T
        firm = high - low <= VAGUE
        strength = 0.45 if curve.age and curve.pin is None else 1.0
        edge = pen_of(look.color, opacity=strength)
        filled = brush_of(look.color, strength)
        pen = pen_of(look.color, 2, STYLES[curve.variant % len(STYLES)], strength)
        show_line(self.line, x[firm], y[firm], pen=pen)
        for item, part in zip(self.edges, (low, high), strict=True):
            item.setData(x[firm], part[firm])
        self.band.setBrush(brush_of(look.color, 0.18))
        self.band.setVisible(not curve.age and bool(sum(firm) > 1))
        self.bars.setData(x=x, y=y, top=high - y, bottom=y - low, pen=edge)
        inside = brush_of(PAPER) if curve.variant else filled
        drawn = {"symbol": look.marker.pyqtgraph, "brush": inside}
        drawn["size"] = np.where(firm, size, 0.3 * size)
        self.dots.setData(x, y, pen=edge, **drawn, data=texts[seen].tolist())
        x, excluded = rows[~seen, 0], logarithms(rows[~seen, 3])
        drawn = {"size": 3 * size, "brush": filled}
        self.below.setData(x, excluded, pen=edge, **drawn, data=texts[~seen].tolist())


class BlerCurveWindow(PlotWindow):
    """Window with the curves of a BlerCurveRecord; it needs no flowgraph."""

    def __init__(self, record, title="", frame_rate=15):
        super().__init__(record, title, frame_rate)
        self.curves, self._free = {}, []  # CurveItems by name and variant, and hidden
        self.axes = self.add_plot(0, log=True)
        self.axes.vb.set_home(record.range, (math.log10(record.floor), 0.0))
        column, self._clicked = self.add_labels(), None
        column.setToolTip(PIN)
        column.clicked.connect(self._pin)
        self._overlays = self._add_overlays()
        self.present = pyqtgraph.ScatterPlotItem(pen=pen_of(INK), brush=None)
        self.empty = pyqtgraph.TextItem("no counts yet", GRAY, anchor=(0.5, 0.5))
        self.empty.setPos(sum(record.range) / 2, math.log10(record.floor) / 2)
        for item in (self.present, self.empty):
            item.setZValue(5)
            self.axes.addItem(item, ignoreBounds=True)
        self.add_saving("Save CSV...", "Counts (*.csv)", record.save_csv)
        self.add_action("Forget the counts", self.forget)

    def _add_overlays(self):
        """Draw closed forms and earlier counts; return their Labels."""
        labels, theory = [], self.record.theory
        for number, (name, x, rates) in enumerate(theory + self.record.earlier):
            if number < len(theory):
                dashes = number % len(DASHES)
                look = INK, DASH_GLYPHS[dashes]
                pen, marks = pen_of(INK, 1, DASHES[dashes]), {}
            else:
                color, marker = look_of(name)
                look, pen = (color, marker.glyph), pen_of(color)
                marks = {"symbol": marker.pyqtgraph, "symbolSize": 7}
                marks |= {"symbolBrush": PAPER, "symbolPen": pen}
            y = logarithms(rates)
            item = pyqtgraph.PlotDataItem(x, y, pen=pen, antialias=True, **marks)
            item.setZValue(-1)
            self.axes.addItem(item, ignoreBounds=True)
            labels.append(Label(name, *look))
        return labels

    def forget(self):
        """Draw only blocks that are counted from now on."""
        self.record.forget()
        self.refresh()

    def arrange(self):
        long = self.height() > 22 * self.letter()
        text = "block error rate (BLER)" if long else "BLER"
        self.label_axis(self.axes, "left", text, 4.4)
        self.label_axis(self.axes, "bottom", self.record.x_label)
        self.empty.setFont(self.font_of())

    def fill(self):
        drawn = self.record.curves(MOST_VARIANTS)
        order = lambda c: (c.age > 0, c.pin is None, number_of(c.name))  # noqa: E731
        self._drawn = sorted(drawn, key=order)
        size, newest = 0.6 * self.letter(), []
        by_key = {(curve.name, curve.variant): curve for curve in self._drawn}
        for key in self.curves.keys() - by_key.keys():
            self._free.append(self.curves.pop(key))
            self._free[-1].hide()
        for key, curve in by_key.items():
            if key not in self.curves:
                new = self._free.pop() if self._free else CurveItems(self.axes)
                self.curves[key] = new
            self.curves[key].show(curve, size, self.record.x_label)
            if not curve.age:
                rows = curve.rows()
                newest += rows[rows[:, 0] == curve.present].tolist()
        rates = [row[3] if math.isnan(row[1]) else row[1] for row in newest]
        x = [row[0] for row in newest]
        self.present.setData(x, logarithms(rates), size=2.1 * size)
        self.empty.setVisible(not self._drawn)
        self.show_labels()
        self.show_text(self.note())

    def labels(self):
        self._labelled = self._drawn
        return [[self._label(curve) for curve in self._drawn] + self._overlays]

    def _label(self, curve):
        counted, (color, marker) = curve.points.get(curve.present), look_of(curve.name)
        value = short_text(*counted) if counted and not curve.age else ""
        names = (curve.pin, "") if curve.pin else (curve.name, curve.differs)
        glyph = marker.glyph if curve.pin is None else f"⚑ {marker.glyph}"
        more = {"words": names[1], "value": value, "bold": not curve.age}
        return Label(names[0], color, glyph, **more)

    def _pin(self, number, twice):
        """Pin or unpin the curve of a label that was clicked, or name it."""
        if not twice and number >= len(self._labelled):  # theory or earlier counts
            return
        if not twice:
            self._clicked = curve = self._labelled[number]
            self.record.pin(curve, "" if curve.pin is None else None)
        elif self._clicked:  # the first click may have moved the labels
            question = "Name the curve", "Name, or empty for its settings"
            curve = self._clicked
            text, ok = QtWidgets.QInputDialog.getText(self, *question, text=curve.title)
            if ok:
                self.record.pin(curve, "" if text == curve.label else text.strip())
        self._labels_due = 0.0
        self.refresh()

    def note(self):
        missing = self.record.without_x
        text = f"counts without {self.record.x}: {missing}" if missing else ""
        return "; ".join(filter(None, (super().note(), text)))
