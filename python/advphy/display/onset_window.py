# SPDX-License-Identifier: GPL-3.0-or-later
"""Window of the onset strip."""

import math
import time

import numpy as np
from advphy_model.measure.curve_looks import ORANGE, look_of, number_of
from advphy_model.measure.measurement_text import rate_text
from PyQt5 import QtCore, QtWidgets

from .onset_strip import (
    GAP,
    SLOTS,
    delay_texts,
    error_line,
    lasting,
    newest_time,
    slots,
    spells,
)
from .plot_items import Label, brush_of, pen_of, pyqtgraph, show_line
from .plot_window import PlotWindow
from .top_window import GRAY, INK

DELAY_SECONDS = 0.5  # between computations of the delays, which take some time
ATTACK = ORANGE
MARKED = 10  # slots from marker to marker


def pairs(parts, now):
    """Return x and y of horizontal lines [(begin, end, y)], two points each."""
    x = np.array([part[:2] for part in parts]).ravel() - now
    return x, np.repeat(np.array([y for *_, y in parts], float), 2)


def estimated_line(found, now):
    """Return x and y of the cancellers' estimates, with NaN between runs."""
    x, y = [], []
    for states in found.values():
        for run in lasting(states):
            x += [s.time - now for s in run] + [math.nan]
            y += [s.psr_db if math.isfinite(s.psr_db) else math.nan for s in run]
            y.append(math.nan)
    return np.array(x), np.array(y)


class OnsetWindow(PlotWindow):
    """Window with the events of an OnsetRecord; it needs no flowgraph."""

    def __init__(self, record, title="", frame_rate=15):
        super().__init__(record, title, frame_rate)
        self._psr_range, self._delays, self._delays_due = (-20.0, 0.0), [], 0.0
        self._row = math.floor(math.log10(record.floor)) - 1  # of detections
        self.upper = self.add_plot(0, rows={self._row: "detected"}, log=True)
        self.lower = self.add_plot(1)
        # Not by setXLink, which shifts one of two views that are not at one place.
        for one, other in ((self.upper, self.lower), (self.lower, self.upper)):
            one.vb.sigXRangeChanged.connect(
                lambda _, ends, vb=other.vb: vb.setXRange(*ends, padding=0)
            )
        self._show_row(False)
        self.add_labels()
        self.add_labels(1)
        self.canvas.ci.layout.setRowStretchFactor(0, 5)
        self._add_items()
        self._show_lower(False)  # until there is an adversary or a canceller

    def _add_items(self):
        pale = brush_of(ATTACK, 0.22)
        its = {"x0": [], "x1": [], "y0": [], "y1": [], "brush": pale}
        its["pen"] = pyqtgraph.mkPen(None)
        self.spells = [pyqtgraph.BarGraphItem(**its) for _ in range(2)]
        thick = pyqtgraph.mkPen(INK, width=7)
        thick.setCapStyle(QtCore.Qt.FlatCap)
        self.found = pyqtgraph.PlotCurveItem(pen=thick, connect="pairs")
        self.psr = pyqtgraph.PlotCurveItem(pen=pen_of(ATTACK, 3), connect="pairs")
        self.estimated = pyqtgraph.PlotCurveItem(pen=pen_of(INK), connect="finite")
        self.curves = {}
        self.empty = pyqtgraph.TextItem("nothing received yet", GRAY, anchor=(0.5, 0.5))
        self.empty.setPos(-self.record.seconds / 2, self._row / 2)
        for item in (self.spells[0], self.found, self.empty):
            self.upper.addItem(item, ignoreBounds=True)
        for item in (self.spells[1], self.psr, self.estimated):
            self.lower.addItem(item, ignoreBounds=True)

    def _show_lower(self, there):
        """Have the plot of the PSR, or not."""
        for item in (self.lower, self.columns[1]):
            item.setVisible(there)
        layout = self.canvas.ci.layout
        layout.setRowStretchFactor(1, 2 if there else 0)
        layout.setRowMaximumHeight(1, QtWidgets.QWIDGETSIZE_MAX if there else 0)

    def _show_row(self, known):
        """Have a row for detections, or not."""
        low = self._row - 0.5 if known else self._row + 1.0
        self.upper.vb.set_home((-self.record.seconds, 0.0), (low, 0.0))

    def arrange(self):
        for axes, text in ((self.upper, "BLER"), (self.lower, "PSR (dB)")):
            self.label_axis(axes, "left", text, 6.4)
        lowest = self.lower if self.lower.isVisible() else self.upper
        self.upper.getAxis("bottom").setStyle(showValues=lowest is self.upper)
        self.upper.getAxis("bottom").setLabel("")
        self.upper.getAxis("bottom").setHeight(3)
        self.label_axis(lowest, "bottom", "time (s)")
        self.empty.setFont(self.font_of())

    def fill(self):
        intervals, attacks, found = self.record.events()
        now = newest_time(intervals, attacks, found)
        attacked = [part for kept in attacks.values() for part in spells(kept, now)]
        self._fill_errors(intervals, now)
        x = pairs(attacked, now)[0]
        tall = np.full(len(x) // 2, 1e3)
        for item in self.spells:
            item.setOpts(x0=x[::2], x1=x[1::2], y0=-tall, y1=tall)
        detected = [
            (*part[:2], self._row + 0.25 * number)
            for number, states in enumerate(found.values())
            for part in spells(states, now, lambda state: state.on)
        ]
        show_line(self.found, *pairs(detected, now))
        show_line(self.psr, *pairs(attacked, now))
        show_line(self.estimated, *estimated_line(found, now))
        self._show_row(bool(found))
        if bool(attacks or found) != self.lower.isVisible():
            self._show_lower(bool(attacks or found))
            self.arrange()
        self._fit([psr for *_, psr in attacked], self.estimated.yData)
        self.empty.setVisible(not now)
        self._drawn = intervals, attacks, found
        self.show_labels()
        self.show_text(self.note())

    def _fill_errors(self, intervals, now):
        self._slots = {}
        for name, kept in intervals.items():
            shown = [i for i in kept if i.time - now >= -self.record.seconds - GAP]
            self._slots[name] = slots(shown or kept[-1:], self.record.seconds)
            if name not in self.curves:
                self.curves[name] = self._add_curve(*look_of(name))
            *lines, dots = self.curves[name]
            x, y, joined, seen = error_line(self._slots[name], now, self.record.floor)
            for line, connect in zip(lines, (seen, joined & ~seen), strict=True):
                line.setData(x, y, connect=connect.astype(np.int32))
                line.setVisible(bool(connect.any()))  # see show_line
            # Chosen by absolute time, so that a point keeps its marker while it moves.
            length = self.record.seconds / SLOTS
            marked = [slot.time // length % MARKED == 0 for slot in self._slots[name]]
            dots.setData(x[marked], y[marked], size=0.5 * self.letter())

    def _add_curve(self, color, marker):
        """Return the items of a counter: measured, limits, markers."""
        pens = pen_of(color, 2), pen_of(color, 1.5, (1, 2))
        items = [pyqtgraph.PlotCurveItem(pen=pen) for pen in pens]
        look = {"symbol": marker.pyqtgraph, "pen": None, "brush": color}
        items.append(pyqtgraph.ScatterPlotItem(**look))
        for item in items:
            self.upper.addItem(item, ignoreBounds=True)
        return items

    def _fit(self, true, estimated):
        values = [v for v in (*true, *estimated) if math.isfinite(v)]
        low, high = self._psr_range
        low = min([low, *(10 * math.floor((v - 1) / 10) for v in values)])
        high = max([high, *(10 * math.ceil((v + 1) / 10) for v in values)])
        self._psr_range = low, high
        self.lower.vb.set_home((-self.record.seconds, 0.0), self._psr_range)

    def labels(self):
        intervals, attacks, found = self._drawn
        if time.monotonic() >= self._delays_due:
            self._delays = delay_texts(intervals, attacks, found)
            self._delays_due = time.monotonic() + DELAY_SECONDS
        errors = []
        for name, each in sorted(self._slots.items(), key=lambda s: number_of(s[0])):
            last, (color, marker) = each[-1], look_of(name)
            value = rate_text(last.rate)
            value = value if last.failures else f"below {value}"
            errors.append(Label(name, color, marker.glyph, value=value, bold=True))
        if not all(slot.failures for each in self._slots.values() for slot in each):
            errors.append(Label("none seen: limit", GRAY, "┄"))
        key = [Label("attack", ATTACK, "━")] if attacks else []
        key += [Label("estimated", INK, "─")] if found else []
        return [errors, key + [Label(text) for text in self._delays]]
