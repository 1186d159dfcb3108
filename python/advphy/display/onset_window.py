# SPDX-License-Identifier: GPL-3.0-or-later
"""Window of the onset strip."""

import math
import time

import numpy as np
from advphy_model.measure.curve_looks import ORANGE, look_of
from advphy_model.measure.measurement_text import short_text
from PyQt5 import QtCore

from .onset_strip import delay_texts, lasting, newest_time, spells
from .plot_items import GRAY, INK, Label, pen_of, pyqtgraph, show_line
from .plot_window import PlotWindow

DELAY_SECONDS = 0.5  # between computations of the delays, which take some time
ATTACK = ORANGE
GAP = 1.0  # seconds without counts after which the line is interrupted
MARKED = 14  # approximate number of markers of a curve


def error_line(intervals, now, seconds, row):
    """Return (x, y, flags of markers) of a counter's Intervals.

    x is in seconds from `now`, NaN where the line ends; y is `row` without errors.
    """
    kept = [i for i in intervals if i.time - now >= -seconds - GAP]
    times = np.array([i.time for i in kept])
    rates = np.array([i.failures / i.blocks for i in kept])
    y = np.where(rates > 0, np.log10(np.maximum(rates, 1e-30)), row)
    every = max(1, len(y) // MARKED)
    # Chosen by absolute time, so that a point keeps its marker while it moves.
    marked = np.floor(times * 20).astype(int) % every == 0
    breaks = np.flatnonzero(np.diff(times) > GAP) + 1
    x, y = (np.insert(part, breaks, np.nan) for part in (times - now, y))
    return x, y, np.insert(marked, breaks, False)


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
        self._none = math.floor(math.log10(record.floor)) - 1
        self.upper = self.add_plot(
            0, rows={self._none: "none seen", self._none - 1: "detected"}, log=True
        )
        self.lower = self.add_plot(1)
        self.lower.vb.setXLink(self.upper.vb)
        self.upper.getAxis("bottom").setStyle(showValues=False)
        self.upper.vb.set_home((-record.seconds, 0.0), (self._none - 1.5, 0.0))
        self.add_labels(self.upper)
        self.add_labels(self.lower, 1)
        self.canvas.ci.layout.setRowStretchFactor(0, 5)
        self.canvas.ci.layout.setRowStretchFactor(1, 2)
        self._add_items()

    def _add_items(self):
        pale = pen_of(ATTACK, opacity=0.22).color()
        its = {"x0": [], "x1": [], "y0": [], "y1": [], "brush": pale}
        its["pen"] = pyqtgraph.mkPen(None)
        self.spells = [pyqtgraph.BarGraphItem(**its) for _ in range(2)]
        thick = pen_of(INK, 7)
        thick.setCapStyle(QtCore.Qt.FlatCap)
        self.found = pyqtgraph.PlotCurveItem(pen=thick, connect="pairs")
        self.psr = pyqtgraph.PlotCurveItem(pen=pen_of(ATTACK, 3), connect="pairs")
        self.estimated = pyqtgraph.PlotCurveItem(pen=pen_of(INK), connect="finite")
        self.curves = {}
        self.empty = pyqtgraph.TextItem("nothing received yet", GRAY, anchor=(0.5, 0.5))
        self.empty.setPos(-self.record.seconds / 2, self._none / 2)
        for item in (self.spells[0], self.found, self.empty):
            self.upper.addItem(item, ignoreBounds=True)
        for item in (self.spells[1], self.psr, self.estimated):
            self.lower.addItem(item, ignoreBounds=True)

    def arrange(self):
        letter = self.letter()
        for axes, text in ((self.upper, "BLER"), (self.lower, "PSR (dB)")):
            axes.getAxis("left").setWidth(6.4 * letter)
            self.label_axis(axes, "left", text)
        self.upper.getAxis("bottom").setHeight(3)
        self.lower.getAxis("bottom").setHeight(2.9 * letter)
        self.label_axis(self.lower, "bottom", "time (s)")
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
            (*part[:2], self._none - 1 + 0.25 * number)
            for number, states in enumerate(found.values())
            for part in spells(states, now, lambda state: state.on)
        ]
        show_line(self.found, *pairs(detected, now))
        show_line(self.psr, *pairs(attacked, now))
        show_line(self.estimated, *estimated_line(found, now))
        self._fit([psr for *_, psr in attacked], self.estimated.yData)
        self.empty.setVisible(not now)
        self._drawn = intervals, attacks, found
        self.show_labels()
        self.show_text(self.note())

    def _fill_errors(self, intervals, now):
        for name, kept in intervals.items():
            if name not in self.curves:
                color, marker = look_of(name)
                look = {"symbol": marker.pyqtgraph, "pen": None, "brush": color}
                line = pyqtgraph.PlotCurveItem(pen=pen_of(color, 2), connect="finite")
                self.curves[name] = line, pyqtgraph.ScatterPlotItem(**look)
                for item in self.curves[name]:
                    self.upper.addItem(item, ignoreBounds=True)
            line, dots = self.curves[name]
            x, y, marked = error_line(kept, now, self.record.seconds, self._none)
            show_line(line, x, y)
            dots.setData(x[marked], y[marked], size=0.5 * self.letter())

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
        top = self._psr_range[1]
        key = [Label(top, "attack", ATTACK, "━"), Label(top, "estimated", INK, "─")]
        key += [Label(top, text) for text in self._delays]
        return [[self._label(*part) for part in intervals.items()], key]

    def _label(self, name, kept):
        last, (color, marker) = kept[-1], look_of(name)
        rate = max(last.failures / last.blocks, self.record.floor)
        value = short_text(last.failures, last.blocks)
        y = math.log10(rate)
        return Label(y, name, color, marker.glyph, value=value, bold=True)
