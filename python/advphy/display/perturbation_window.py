# SPDX-License-Identifier: GPL-3.0-or-later
"""Window of the perturbation sink."""

import html
import math

from advphy_model.measure.curve_looks import COLORS

from .panels_window import PanelsWindow, largest_part, round_reach
from .perturbation_sink import most_frequent, texts
from .plot_items import INK, PALE, pen_of, pyqtgraph

MOST_ARROWS = 64  # in one plane


class Arrow:
    """An arrow from the origin of a plane."""

    def __init__(self, plot, color, width, text):
        self.shaft = pyqtgraph.PlotCurveItem(pen=pen_of(color, width), antialias=True)
        self.head = pyqtgraph.ArrowItem(
            headLen=9 + width, tipAngle=40, pen=None, brush=color
        )
        self.text = pyqtgraph.TextItem(text, color)
        for item in (self.shaft, self.head, self.text):
            plot.addItem(item, ignoreBounds=True)

    def show(self, value):
        """Point to a complex number; None hides the arrow."""
        seen = value is not None and value != 0
        for item in (self.shaft, self.head, self.text):
            item.setVisible(seen)
        if seen:
            self.shaft.setData([0, value.real], [0, value.imag])
            angle = math.degrees(math.atan2(value.imag, value.real))
            self.head.setStyle(angle=180 - angle)
            self.head.setPos(value.real, value.imag)
            self.text.setPos(value.real, value.imag)


class PerturbationWindow(PanelsWindow):
    """Window with arrows of the true and the estimated perturbation."""

    lines = 4

    def __init__(self, record, title="", frame_rate=15):
        super().__init__(record, title, frame_rate)
        codebook = record.codebook
        n, self._smallest = codebook.shape[1], 0.6 * largest_part(codebook)
        self.reach = round_reach(self._smallest)
        self.make_panels(codebook, size=5, pen=None, brush=PALE)
        single = len(self.plots) == n
        numbers = ["" if single else str(use) for use in range(n)]
        plots = self.plots if single else self.plots * n
        places = list(zip(plots, numbers, strict=True))[:MOST_ARROWS]
        self.true = [Arrow(plot, COLORS[1], 4, text) for plot, text in places]
        self.estimated = [Arrow(plot, COLORS[0], 2, text) for plot, text in places]

    def fill(self):
        seen = self.record.seen()
        true = seen.p if seen.on else None
        found = seen.estimate is not None and seen.detected
        estimated = most_frequent(seen) if found else None
        sizes = [largest_part(v) for v in (true, estimated) if v is not None]
        reach = round_reach(max([self._smallest, *(1.1 * size for size in sizes)]))
        if reach > self.reach:
            self.set_reach(reach)
        for arrows, vector in ((self.true, true), (self.estimated, estimated)):
            for use, arrow in enumerate(arrows):
                arrow.show(None if vector is None else complex(vector[use]))
        looks = (COLORS[1], "➔ "), (COLORS[0], "➔ "), (INK, "")
        lines = [
            f"<span style='color: {color}'>{glyph}</span>{html.escape(text)}"
            for (color, glyph), text in zip(looks, texts(seen), strict=False)
        ]
        key = f"<span style='color: {PALE}'>●</span> codebook"
        lines.append("; ".join(filter(None, (key, self.note()))))
        self.show_text("<br>".join(lines))
