# SPDX-License-Identifier: GPL-3.0-or-later
"""Constellation sink: received symbols over the codebook."""

import numpy as np
from advphy_model.links import load

from ..guard import guarded_block
from .constellation_window import constellation_window


class constellation_sink(guarded_block):
    """Draw the newest received symbols over the codewords that may have been sent.

    Input: received vectors, complex64 [n]

    Args:
        model: link model, or the name or file of one; gives n and the codebook.
        title: above the plot.
        channel_use: which symbol of a codeword, 0..n-1; -1: each in a panel.
        points: how many symbols of a channel use are drawn.
        frame_rate: most pictures a second, at most 30.
    """

    def __init__(self, model, title="", channel_use=-1, points=1000, frame_rate=15):
        self._model = load(model)
        item = (np.complex64, self._model.n)
        guarded_block.__init__(self, "constellation_sink", [item], None)
        self._window = None
        self._settings = {"title": title, "points": points, "frame_rate": frame_rate}
        self.set_channel_use(channel_use)

    def set_channel_use(self, channel_use):
        """Draw another symbol of the codewords, or -1: each in a panel."""
        self._channel_use = channel_use

    def work(self, input_items, output_items):
        return len(input_items[0])

    def qwidget(self):
        """Return the widget; the first call makes it, in the thread of the window."""
        if self._window is None:
            self._window = constellation_window(model=self._model, **self._settings)
        return self._window
