# SPDX-License-Identifier: GPL-3.0-or-later
"""Window of the accuracy strip."""

import numpy as np
from advphy_model.measure.curve_looks import look_of

from .accuracy_strip import POINT_SECONDS
from .plot_items import Label, pen_of, pyqtgraph, show_line
from .plot_window import PlotWindow
from .top_window import GRAY


class AccuracyWindow(PlotWindow):
    """Window with the points of an AccuracyRecord; it needs no flowgraph."""

    def __init__(self, record, title="", frame_rate=15):
        super().__init__(record, title, frame_rate)
        self.axes, self._lines, self._points = self.add_plot(0), {}, {}
        self.axes.vb.set_home((-record.seconds, 0.0), (0.0, 100.0))
        self.add_labels()
        self.empty = pyqtgraph.TextItem("nothing received yet", GRAY, anchor=(0.5, 0.5))
        self.empty.setPos(-record.seconds / 2, 50)
        guess = pyqtgraph.InfiniteLine(100 * record.chance, 0, pen_of(GRAY, 1, (4, 3)))
        guess.setVisible(record.chance > 0)
        for item in (guess, self.empty):
            self.axes.addItem(item, ignoreBounds=True)

    def arrange(self):
        self.label_axis(self.axes, "left", "labels read (%)", 6.4)
        self.label_axis(self.axes, "bottom", "time (s)")
        self.empty.setFont(self.font_of())

    def fill(self):
        points = self.record.points()
        self._points = {name: kept for name, kept in points.items() if kept}
        now = max((kept[-1][0] for kept in self._points.values()), default=0.0)
        for name, kept in self._points.items():
            if name not in self._lines:
                pen = pen_of(look_of(name).color, 2)
                self._lines[name] = pyqtgraph.PlotCurveItem(pen=pen, connect="finite")
                self.axes.addItem(self._lines[name], ignoreBounds=True)
            x, y = np.array(kept).T
            gaps = np.flatnonzero(np.diff(x) > 2 * POINT_SECONDS) + 1
            x, y = np.insert(x - now, gaps, np.nan), np.insert(100 * y, gaps, np.nan)
            show_line(self._lines[name], x, y)
        self.empty.setVisible(not self._points)
        self.show_labels()
        self.show_text(self.note())

    def labels(self):
        found = []
        for name, kept in self._points.items():
            share, color = kept[-1][1], look_of(name).color
            more = {"value": f"{100 * share:.0f} %", "bold": True}
            found.append(Label(name, color, "━", **more))
        if self.record.chance > 0:
            found.append(Label("guessing", GRAY, "┄"))
        return [found]
