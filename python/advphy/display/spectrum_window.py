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
        self.label_axis(self.axes, "left", "power in a bin (dB)", 4.4)
        self.label_axis(self.axes, "bottom", "frequency from the center (kHz)")

    def fill(self):
        frequencies, level = self.record.spectrum()
        half = self.record.sample_rate / 2e3
        self.axes.vb.set_home((-half, half), (self.record.lowest_db, 0.0))
        show_line(self.line, frequencies / 1e3, level)
