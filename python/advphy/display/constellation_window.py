# SPDX-License-Identifier: GPL-3.0-or-later
"""Window of the constellation sink."""

import numpy as np
from advphy_model.measure.curve_looks import COLORS

from .panels_window import MOST_PANELS, PanelsWindow, largest_part, round_reach
from .plot_items import Dots, pen_of, pyqtgraph


class ConstellationWindow(PanelsWindow):
    """Window with the newest received symbols over the codebook."""

    lines = 1

    def __init__(self, record, title, frame_rate):
        super().__init__(record, title, frame_rate)
        # The same scale for all windows of this codebook, so that they compare.
        self.reach = round_reach(max(2.0, 1.3 * largest_part(record.codebook)))
        self._show_use(record.channel_use)

    def _show_use(self, use):
        self._use, uses = use, range(self.record.codebook.shape[1])
        groups = {f"use {i}": [i] for i in uses if use in (i, -1)}
        if len(groups) > MOST_PANELS:
            groups = {f"all {len(uses)} channel uses": list(uses)}
        self.make_panels(list(groups))
        self._groups = list(groups.values())
        self.received, self.codewords = [], []
        pale = pen_of(COLORS[0], opacity=0.4).color()
        for plot, uses in zip(self.plots, self._groups, strict=True):
            words = np.unique(self.record.codebook[:, uses].ravel().round(4))
            dots = Dots(symbol="s", size=3, pen=None, brush=pale, antialias=False)
            self.received.append(dots)
            self.codewords.append(
                pyqtgraph.ScatterPlotItem(
                    words.real, words.imag, symbol="d", pen="w", brush=COLORS[1]
                )
            )
            plot.addItem(self.received[-1], ignoreBounds=True)
            plot.addItem(self.codewords[-1], ignoreBounds=True)

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
