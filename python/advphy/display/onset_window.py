# SPDX-License-Identifier: GPL-3.0-or-later
"""The window of the onset strip: errors, attack and canceller over the last seconds."""

import functools
import math
import time

import numpy as np

from .display_arguments import checked_floor, checked_frame_rate
from .name_looks import COLOURS, GREY, INK, look_of
from .onset_items import delay_texts, error_line, estimated_line, found_parts, pairs
from .onset_record import OnsetRecord, newest_time, spells
from .plot_items import show_line
from .plot_window import plot_window_class
from .qt_application import require_plots
from .side_labels import SHARE, Label, rate_text, side_labels_class

DELAY_SECONDS = 0.5  # between two looks at the delays, which take a while
LABEL_SECONDS = 0.2  # between two writings of labels: none reads faster
ATTACK = COLOURS[4]


class OnsetPlot:
    """What a window of an onset strip shows.

    Args:
        title: above the plot.
        seconds: how much time is shown.
        floor: lowest BLER.
        frame_rate: most pictures a second.

    Raises:
        ValueError: naming what is wrong.
    """

    def __init__(self, title="", seconds=20.0, floor=1e-5, frame_rate=15):
        self.title, self.floor = str(title), checked_floor(floor)
        if not (isinstance(seconds, (int, float)) and 1 <= seconds <= 3600):
            raise ValueError(f"seconds = {seconds!r}, wanted a time to show, 1..3600 s")
        self.seconds, self.frame_rate = float(seconds), checked_frame_rate(frame_rate)
        self.record = OnsetRecord(self.seconds)


def onset_window(title="", seconds=20.0, floor=1e-5, frame_rate=15):
    """Return a widget that draws the messages given to its method take(message).

    The arguments are those of OnsetPlot.

    Raises:
        ValueError: an argument is wrong, or there is no application of Qt.
        ImportError: PyQt5 is not installed.
    """
    return window_of(OnsetPlot(title, seconds, floor, frame_rate))


def window_of(plot, mailbox=None):
    """Return the widget of an OnsetPlot, which collects from a Mailbox if given."""
    require_plots()
    return _window_class()(plot, mailbox)


def newest_labels(intervals, floor):
    """Return Labels of counters at their newest rates."""
    labels = []
    for name, kept in intervals.items():
        last, look = kept[-1], look_of(name)
        rate = max(last.failures / last.blocks, floor)
        value = rate_text(last.failures, last.blocks)
        labels.append(
            Label(
                math.log10(rate), name, look.colour, look.glyph, value=value, bold=True
            )
        )
    return labels


@functools.cache
def _window_class():
    import pyqtgraph
    from PyQt5 import QtCore

    class OnsetWindow(plot_window_class()):
        def __init__(self, plot, mailbox):
            super().__init__(plot.title, plot.frame_rate, plot.record, mailbox)
            self.plot, self._psr_range, self._delays = plot, (-20.0, 0.0), []
            self._delays_due = self._labels_due = self._column = 0.0
            self._none = math.floor(math.log10(plot.floor)) - 1
            self.upper = self.add_plot(
                0, rows={self._none: "none seen", self._none - 1: "detected"}, log=True
            )
            self.lower = self.add_plot(1)
            self.lower.vb.setXLink(self.upper.vb)
            self.upper.getAxis("bottom").setStyle(showValues=False)
            self.upper.vb.set_home((-plot.seconds, 0.0), (self._none - 1.5, 0.0))
            self.labels, self.key = (
                side_labels_class()(axes.vb) for axes in (self.upper, self.lower)
            )
            for row, column in enumerate((self.labels, self.key)):
                self.canvas.addItem(column, row, 1)
            self.canvas.ci.layout.setRowStretchFactor(0, 5)
            self.canvas.ci.layout.setRowStretchFactor(1, 2)
            self._add_items()

        def _add_items(self):
            pale = pyqtgraph.mkColor(ATTACK)
            pale.setAlphaF(0.22)
            empty = {"x0": [], "x1": [], "y0": [], "y1": []}
            self.spells = [
                pyqtgraph.BarGraphItem(**empty, brush=pale, pen=pyqtgraph.mkPen(None))
                for _ in range(2)
            ]
            thick = pyqtgraph.mkPen(INK, width=7)
            thick.setCapStyle(QtCore.Qt.FlatCap)
            self.found = pyqtgraph.PlotCurveItem(pen=thick, connect="pairs")
            self.psr = pyqtgraph.PlotCurveItem(
                pen=pyqtgraph.mkPen(ATTACK, width=3), connect="pairs"
            )
            self.estimated = pyqtgraph.PlotCurveItem(
                pen=pyqtgraph.mkPen(INK), connect="finite"
            )
            self.curves = {}
            self.empty = pyqtgraph.TextItem(
                "nothing received yet", GREY, anchor=(0.5, 0.5)
            )
            self.empty.setPos(-self.plot.seconds / 2, self._none / 2)
            for item in (self.spells[0], self.found, self.empty):
                self.upper.addItem(item, ignoreBounds=True)
            for item in (self.spells[1], self.psr, self.estimated):
                self.lower.addItem(item, ignoreBounds=True)

        def version(self):
            stale = self._stale and time.monotonic() >= self._labels_due
            return self.plot.record.version, stale

        _stale = False

        def arrange(self):
            letter = self.letter()
            for axes, text in ((self.upper, "BLER"), (self.lower, "PSR (dB)")):
                axes.getAxis("left").setWidth(6.4 * letter)
                self.label_axis(axes, "left", text)
            self.upper.getAxis("bottom").setHeight(3)
            self.lower.getAxis("bottom").setHeight(2.9 * letter)
            self.label_axis(self.lower, "bottom", "time (s)")
            for column in (self.labels, self.key):
                column.set_font(self.font_of())
            self.empty.setFont(self.font_of())
            self._labels_due = self._column = 0
            self.set_label_width(SHARE * self.width())

        def fill(self):
            intervals, attacks, found = self.plot.record.events()
            now = newest_time(intervals, attacks, found)
            attacked = [part for kept in attacks.values() for part in spells(kept, now)]
            self._fill_errors(intervals, now)
            x = pairs(attacked, now)[0]
            for item in self.spells:
                item.setOpts(
                    x0=x[::2],
                    x1=x[1::2],
                    y0=np.full(len(x) // 2, -1e3),
                    y1=np.full(len(x) // 2, 1e3),
                )
            detected = [
                (*part[:2], self._none - 1 + 0.25 * number)
                for number, states in enumerate(found.values())
                for part in found_parts(states, now)
            ]
            show_line(self.found, *pairs(detected, now))
            show_line(self.psr, *pairs(attacked, now))
            show_line(self.estimated, *estimated_line(found, now))
            self._fit([psr for *_, psr in attacked], self.estimated.yData)
            self.empty.setVisible(not now)
            self._stale = time.monotonic() < self._labels_due
            if not self._stale:
                self._labels_due = time.monotonic() + LABEL_SECONDS
                self._write(intervals, attacks, found)
            self.say(self.note())

        def _fill_errors(self, intervals, now):
            for name, kept in intervals.items():
                if name not in self.curves:
                    self.curves[name] = self._new_curve(look_of(name))
                line, dots = self.curves[name]
                x, y, marked = error_line(kept, now, self.plot.seconds, self._none)
                show_line(line, x, y)
                dots.setData(x[marked], y[marked], size=0.5 * self.letter())

        def _new_curve(self, look):
            pen = pyqtgraph.mkPen(look.colour, width=2)
            items = (
                pyqtgraph.PlotCurveItem(pen=pen, connect="finite"),
                pyqtgraph.ScatterPlotItem(
                    symbol=look.symbol, pen=None, brush=look.colour
                ),
            )
            for item in items:
                self.upper.addItem(item, ignoreBounds=True)
            return items

        def _fit(self, true, estimated):
            """Have the axis reach as far as the PSRs there are."""
            values = [v for v in (*true, *estimated) if math.isfinite(v)]
            low, high = self._psr_range
            low = min([low, *(10 * math.floor((v - 1) / 10) for v in values)])
            high = max([high, *(10 * math.ceil((v + 1) / 10) for v in values)])
            self._psr_range = low, high
            self.lower.vb.set_home((-self.plot.seconds, 0.0), self._psr_range)

        def _write(self, intervals, attacks, found):
            if time.monotonic() >= self._delays_due:
                self._delays = delay_texts(intervals, attacks, found)
                self._delays_due = time.monotonic() + DELAY_SECONDS
            labels = newest_labels(intervals, self.plot.floor)
            top = self._psr_range[1]
            key = [Label(top, "attack", ATTACK, "━"), Label(top, "estimated", INK, "─")]
            key += [Label(top, text) for text in self._delays]
            width = max(self.labels.wanted_width(labels), self.key.wanted_width(key))
            width = min(width, SHARE * self.width())
            if width > self._column:
                self._column = width
                self.set_label_width(width)
            self.labels.show_labels(labels)
            self.key.show_labels(key)

    return OnsetWindow
