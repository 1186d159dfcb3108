# SPDX-License-Identifier: GPL-3.0-or-later
"""Window of the constellation sink."""

import numpy as np
from advphy_model.measure.curve_looks import COLORS

from .panels_window import PanelsWindow, largest_part, round_reach
from .plot_items import Dots, pen_of


class ConstellationWindow(PanelsWindow):
    """Window with the newest received symbols over the codebook."""

    lines = 1

    def __init__(self, record, title, frame_rate):
        super().__init__(record, title, frame_rate)
        # The same scale for all windows of this codebook, so that they compare.
        self.reach = round_reach(max(2.0, 1.3 * largest_part(record.codebook)))
        self._show_use(record.channel_use)

    def _show_use(self, use):
        look = {"symbol": "d", "pen": "w", "brush": COLORS[1]}
        panels = self.make_panels(self.record.codebook, use, **look)
        self._groups, self.codewords = panels
        self._use, self.received = use, []
        pale = pen_of(COLORS[0], opacity=0.4).color()
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
