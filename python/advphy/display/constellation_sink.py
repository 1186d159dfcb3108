# SPDX-License-Identifier: GPL-3.0-or-later
"""Constellation sink: draws received symbols over the codebook."""

from advphy_model.checked_values import is_whole
from advphy_model.link.links import load

from ..stream_tags import of_link
from .display_block import checked_count
from .newest_vectors import NewestVectors, stream_display

MOST_POINTS = 10_000


class ConstellationRecord(NewestVectors):
    """The newest received vectors; at most `points` are copied for each picture."""

    def __init__(self, points, codebook, channel_use=-1, **gate):
        super().__init__(points, codebook.shape[1], **gate)
        self.codebook, self.channel_use = codebook, channel_use

    def state(self):
        return super().state(), self.channel_use


class constellation_sink(stream_display):
    """Draw the newest received symbols over the symbols of all codewords.

    The stream does not wait: a gate passes at most `points` vectors for each picture
    and drops the others without Python. Symbols that are not finite are not drawn.

    Input: received vectors, complex64 [n]

    Args:
        model: link model, or its name or file; its n and codebook are used.
        title: title above the plot.
        channel_use: symbol of a codeword, 0..n-1; -1: each in its own plane, or all in
            one plane where n > 8. set_channel_use changes it.
        points: number of symbols that are drawn for a channel use, 1..10000.
        frame_rate: pictures a second, at most 30; more than 20 count as 20.
    """

    WINDOW = ("panels_window", "ConstellationWindow")

    def __init__(self, model, title="", channel_use=-1, points=1000, frame_rate=15):
        self._model = load(model)
        points = checked_count("points", points, MOST_POINTS, "symbols")
        self.set_window(str(title), frame_rate)
        channel_use = self._checked(channel_use)
        record = ConstellationRecord(points, self._model.codebook, channel_use)
        stream_display.__init__(self, record, self._model.n)
        self.tap.expected = (of_link(self._model),)

    def _checked(self, channel_use):
        if is_whole(channel_use, -1, self._model.n - 1):
            return int(channel_use)
        raise ValueError(
            f"channel_use must be 0..{self._model.n - 1}, one of the symbols of "
            f"{self._model.name}, or -1 for all of them, got {channel_use!r}"
        )

    def set_channel_use(self, channel_use):
        """Draw another symbol of the codewords, 0..n-1, or all: -1."""
        self.record.channel_use = self._checked(channel_use)

    def channel_use(self):
        """Return the symbol that is drawn, or -1."""
        return self.record.channel_use
