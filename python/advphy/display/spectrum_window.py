# SPDX-License-Identifier: GPL-3.0-or-later
"""Window of the spectrum sink."""

from advphy_model.measure.curve_looks import COLORS

from .plot_items import pen_of, pyqtgraph, show_line
from .plot_window import PlotWindow


class SpectrumWindow(PlotWindow):
    """Window with the spectrum of a SpectrumRecord; it needs no flowgraph."""

    def __init__(self, record, title="", frame_rate=15):
        super().__init__(record, title, frame_rate)
        self.axes = self.add_plot(0)
        self.line = pyqtgraph.PlotCurveItem(pen=pen_of(COLORS[0]))
        self.axes.addItem(self.line, ignoreBounds=True)

    def arrange(self):
        letter, (_, unit) = self.letter(), self._unit()
        self.axes.getAxis("left").setWidth(4.4 * letter)
        self.axes.getAxis("bottom").setHeight(2.9 * letter)
        self.label_axis(self.axes, "left", "power in a bin (dB)")
        text = f"frequency from the center ({unit})"
        self.label_axis(self.axes, "bottom", text)

    def _unit(self):
        rate = self.record.sample_rate
        return (
            (1e6, "MHz") if rate >= 1e6 else (1e3, "kHz") if rate >= 1e3 else (1, "Hz")
        )

    def fill(self):
        frequencies, level = self.record.spectrum()
        scale, half = self._unit()[0], self.record.sample_rate / 2
        home = (-half / scale, half / scale), (self.record.lowest_db, 0.0)
        if home != self.axes.vb.home:
            self.axes.vb.set_home(*home)
            self.arrange()
        show_line(self.line, frequencies / scale, level)
