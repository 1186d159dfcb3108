# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows with panels of the complex plane: constellation and perturbation."""

import html
import math

import numpy as np
from advphy_model.measure.curve_looks import COLORS

from .perturbation_sink import most_frequent, texts
from .plot_items import Dots, brush_of, pen_of, pyqtgraph
from .plot_window import PlotWindow
from .top_window import INK, PALE, PAPER

MOST_PANELS = 8
MOST_ARROWS = 64  # in one plane


def columns_for(width, height, count):
    """Return the number of columns in which square panels are largest."""
    return max(
        range(1, count + 1),
        key=lambda columns: min(width / columns, height / math.ceil(count / columns)),
    )


def largest_part(vectors):
    """Return the largest real or imaginary part of complex numbers."""
    return float(np.abs(np.asarray(vectors, np.complex64).view(np.float32)).max())


def round_reach(size):
    """Return the smallest round number that is not below a size."""
    decade = 10.0 ** math.floor(math.log10(max(size, 1e-6)))
    return next(m * decade for m in (1, 1.5, 2, 3, 4, 6, 8, 10) if m * decade >= size)


def symbols_of(codebook, uses):
    """Return the different symbols of a codebook in some channel uses."""
    return np.unique(codebook[:, uses].ravel().round(4))


class PanelsWindow(PlotWindow):
    """Window with panels of the complex plane, each with its own ticks."""

    reach = 1.0

    def make_panels(self, codebook, use=-1, **look):
        """Draw codewords in a panel for each channel use, or for one; or all in one.

        Return the channel uses of the panels and the items of their codewords.
        """
        self.canvas.clear()
        self.plots, self._columns, uses = [], 0, range(codebook.shape[1])
        groups = {f"use {i}": [i] for i in uses if use in (i, -1)}
        if len(groups) > MOST_PANELS:
            groups = {f"all {len(uses)} channel uses": list(uses)}
        self._names, items = list(groups), []
        for number, part in enumerate(groups.values()):
            words = symbols_of(codebook, part)
            items.append(pyqtgraph.ScatterPlotItem(words.real, words.imag, **look))
            plot = self.add_plot(0, number, lockAspect=1.0)
            plot.addItem(items[-1], ignoreBounds=True)
        self._arrange()
        self.set_reach(self.reach)
        return list(groups.values()), items

    def set_reach(self, reach):
        """Show real and imaginary parts in -reach..reach in each panel."""
        self.reach = reach
        for plot in self.plots:
            plot.vb.set_home((-reach, reach), (-reach, reach))

    def arrange(self):
        if not self.plots:
            return
        count, letter = len(self.plots), self.letter()
        room = self.height() - (self.lines + 1.4 * bool(self.title)) * 1.4 * letter
        columns = columns_for(self.width(), room, count)
        if columns != self._columns:
            self._columns = columns
            self.canvas.clear()
            for number, plot in enumerate(self.plots):
                self.canvas.addItem(plot, *divmod(number, columns))
        for name, plot in zip(self._names, self.plots, strict=True):
            self._arrange_panel(name, plot, count == 1, letter)

    def _arrange_panel(self, name, plot, alone, letter):
        if alone:
            self.label_axis(plot, "left", "quadrature", 4.2)
            self.label_axis(plot, "bottom", "in-phase")
        else:
            plot.getAxis("left").setWidth(2.2 * letter)
            plot.getAxis("bottom").setHeight(1.5 * letter)
            plot.setTitle(name, size=f"{letter}px", color=INK)
            plot.titleLabel.setMaximumHeight(1.5 * letter)
            plot.layout.setRowFixedHeight(0, 1.5 * letter)
        few = {"maxTextLevel": 1, "textFillLimits": [(0, 1.0), (2, 0.8), (4, 0.4)]}
        for side in ("left", "bottom"):
            plot.getAxis(side).setStyle(**few)


class ConstellationWindow(PanelsWindow):
    """Window with the newest received symbols over the codebook."""

    lines = 1

    def __init__(self, record, title, frame_rate):
        super().__init__(record, title, frame_rate)
        # The same scale for all windows of this codebook, so that they compare.
        self.reach = round_reach(max(2.0, 1.3 * largest_part(record.codebook)))
        self._use = -1
        self._show_use(record.channel_use)

    def _show_use(self, use):
        if min(use, self._use) >= 0:  # the panel stays: a new one costs time and memory
            words = symbols_of(self.record.codebook, [use])
            self.codewords[0].setData(words.real, words.imag)
            self._use, self._groups = use, [[use]]
            return
        look = {"symbol": "d", "pen": PAPER, "brush": COLORS[1]}
        panels = self.make_panels(self.record.codebook, use, **look)
        self._groups, self.codewords = panels
        self._use, self.received = use, []
        pale = brush_of(COLORS[0], 0.4)
        for plot in self.plots:
            dots = Dots(symbol="s", size=3, pen=None, brush=pale, antialias=False)
            dots.setZValue(-1)
            self.received.append(dots)
            plot.addItem(dots, ignoreBounds=True)

    def fill(self):
        if self.record.channel_use != self._use:
            self._show_use(self.record.channel_use)
        vectors = self.record.newest()
        size = max(6, min(10, self.plots[0].vb.width() / 18))
        for item in self.codewords:
            item.setSize(size if len(item.data) <= 64 else 0.6 * size)
        for item, uses in zip(self.received, self._groups, strict=True):
            symbols = vectors[:, uses].ravel()
            symbols = symbols[np.isfinite(symbols)]
            item.move(symbols.real, symbols.imag)
        count = len(vectors)
        received = f"{count} newest received" if count else "nothing received yet"
        self.show_text(
            f"<span style='color: {COLORS[1]}'>◆</span> codebook &nbsp; "
            f"<span style='color: {COLORS[0]}'>▪</span> {received}"
        )


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
