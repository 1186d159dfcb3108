# SPDX-License-Identifier: GPL-3.0-or-later
"""Base class of the windows with panels of the complex plane."""

import math

import numpy as np

from .plot_items import INK, pyqtgraph
from .plot_window import PlotWindow

MOST_PANELS = 8


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
            words = np.unique(codebook[:, part].ravel().round(4))
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
        plot.getAxis("left").setWidth((4.2 if alone else 2.2) * letter)
        plot.getAxis("bottom").setHeight((2.9 if alone else 1.5) * letter)
        if alone:
            self.label_axis(plot, "left", "quadrature")
            self.label_axis(plot, "bottom", "in-phase")
        else:
            plot.setTitle(name, size=f"{letter}px", color=INK)
            plot.titleLabel.setMaximumHeight(1.5 * letter)
            plot.layout.setRowFixedHeight(0, 1.5 * letter)
        few = {"maxTextLevel": 1, "textFillLimits": [(0, 1.0), (2, 0.8), (4, 0.4)]}
        for side in ("left", "bottom"):
            plot.getAxis(side).setStyle(**few)
