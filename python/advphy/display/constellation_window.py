# SPDX-License-Identifier: GPL-3.0-or-later
"""The window of the constellation sink: received symbols over the codebook."""

import functools

import numpy as np

from .complex_panels import MOST_PANELS, largest_part, panels_window_class, round_reach
from .name_looks import COLOURS
from .plot_items import dots_class
from .qt_application import require_plots


def constellation_window(model, newest, channel_use, title, frame_rate):
    """Return a widget that shows the newest symbols.

    Args:
        model: LinkModel.
        newest: NewestSymbols.
        channel_use: function that returns which symbol is shown, or -1: all.
        title: above the plot.
        frame_rate: most pictures a second.

    Raises:
        ValueError: there is no application of Qt.
        ImportError: PyQt5 is not installed.
    """
    require_plots()
    return _window_class()(model, newest, channel_use, title, frame_rate)


def groups_of(use, n):
    """Return [(name, channel uses)] of the panels.

    Args:
        use: channel use, or -1.
        n: channel uses of a codeword.
    """
    if use >= 0:
        return [(f"use {use}", [use])]
    if n <= MOST_PANELS:
        return [(f"use {i}", [i]) for i in range(n)]
    return [(f"all {n} channel uses", list(range(n)))]


@functools.cache
def _window_class():
    import pyqtgraph

    class ConstellationWindow(panels_window_class()):
        lines = 1

        def __init__(self, model, newest, channel_use, title, frame_rate):
            super().__init__(title, frame_rate)
            self._model, self._newest, self._channel_use = model, newest, channel_use
            # The same for all channels, so that planes beside each other compare.
            self.reach = round_reach(max(2.0, 1.3 * largest_part(model.codebook)))
            self.received, self.codewords = [], []
            self._show_use(channel_use())

        def _show_use(self, use):
            self._use, self._groups = use, groups_of(use, self._model.n)
            self.make_panels([name for name, _ in self._groups])
            self.received, self.codewords = [], []
            pale = pyqtgraph.mkColor(COLOURS[0])
            pale.setAlphaF(0.4)
            for plot, (_, uses) in zip(self.plots, self._groups, strict=True):
                words = np.unique(self._model.codebook[:, uses].ravel().round(4))
                self.received.append(
                    dots_class()(
                        symbol="s", size=3, pen=None, brush=pale, antialias=False
                    )
                )
                self.codewords.append(
                    pyqtgraph.ScatterPlotItem(
                        words.real, words.imag, symbol="d", pen="w", brush=COLOURS[1]
                    )
                )
                plot.addItem(self.received[-1], ignoreBounds=True)
                plot.addItem(self.codewords[-1], ignoreBounds=True)

        def version(self):
            return self._newest.count(), self._channel_use()

        def fill(self):
            if self._channel_use() != self._use:
                self._show_use(self._channel_use())
            vectors = self._newest.newest()
            self._newest.ask()
            size = max(6, min(10, self.plots[0].vb.width() / 18))
            for item in self.codewords:
                item.setSize(size if len(item.data) <= 64 else 0.6 * size)
            for item, (_, uses) in zip(self.received, self._groups, strict=True):
                symbols = vectors[:, uses].ravel()
                symbols = symbols[np.isfinite(symbols)]
                item.move(symbols.real, symbols.imag)
            self.say(self._key(len(vectors)))

        def _key(self, count):
            received = f"{count} newest received" if count else "nothing received yet"
            return (
                f"<span style='color: {COLOURS[1]}'>◆</span> codebook &nbsp; "
                f"<span style='color: {COLOURS[0]}'>▪</span> {received}"
            )

    return ConstellationWindow
