# SPDX-License-Identifier: GPL-3.0-or-later
"""The window of the constellation sink: received symbols over the codebook."""

import functools

import numpy as np

from .complex_plane import MOST_PANELS, paint_panels, panels, reach_for
from .plot_painting import (
    COLOURS,
    GREY,
    INK,
    colour,
    paint_dots,
    paint_markers,
    paint_text,
    pen,
)
from .plot_window import plot_window_class, require_application


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
    require_application()
    return _window_class()(model, newest, channel_use, title, frame_rate)


def shown_symbols(vectors, use, n):
    """Return [(name, channel uses)] of the panels, and the finite vectors' size.

    Args:
        vectors: complex64 [count, n].
        use: channel use, or -1.
        n: channel uses of a codeword.
    """
    if use >= 0:
        groups = [(f"use {use}", [use])]
    elif n <= MOST_PANELS:
        groups = [(f"use {i}", [i]) for i in range(n)]
    else:
        groups = [(f"all {n} channel uses", list(range(n)))]
    uses = [i for _, several in groups for i in several]
    parts = np.abs(np.ascontiguousarray(vectors[:, uses]).view(np.float32))
    parts = parts[np.isfinite(parts)]
    # Nearly all of them: one that a strong fade throws far away is not waited for.
    size = float(np.quantile(parts, 0.998)) if len(parts) else 0.0
    return groups, size


@functools.cache
def _window_class():
    from PyQt5 import QtCore

    class ConstellationWindow(plot_window_class()):
        minimum = 240, 240

        def __init__(self, model, newest, channel_use, title, frame_rate):
            super().__init__(title, frame_rate)
            self._model, self._newest = model, newest
            self._channel_use, self._painted = channel_use, None
            self._largest = float(np.abs(model.codebook.view(np.float32)).max())
            self._reach, self._panels = reach_for(1.3 * self._largest, 0.0), []
            self._groups, _ = shown_symbols(newest.newest(), channel_use(), model.n)

        def changed(self):
            return (self._newest.count(), self._channel_use()) != self._painted

        def paint_still(self, painter):
            top = self.paint_title(painter, 10)
            letter = self.set_font(painter)
            below = 1.3 * letter
            self._panels = panels(4, top, self.width() - 8, self.height() - top - below,
                                  len(self._groups), self._reach, letter)  # fmt: skip
            paint_panels(painter, self._panels, [name for name, _ in self._groups])

        def paint_moving(self, painter):
            self._painted = self._newest.count(), self._channel_use()
            vectors = self._newest.newest()
            self._newest.ask()
            groups, size = shown_symbols(vectors, self._painted[1], self._model.n)
            reach = reach_for(max(1.1 * size, 1.3 * self._largest), self._reach)
            if (groups, reach) != (self._groups, self._reach):
                self._groups, self._reach = groups, reach
                self._still = self._painted_still()
                painter.drawPixmap(0, 0, self._still)
            dots = 2 if self._panels[0].width < 200 else 3
            for axes, (_, uses) in zip(self._panels, groups, strict=True):
                painter.setClipRect(QtCore.QRectF(
                    axes.left, axes.top, axes.width, axes.height))  # fmt: skip
                symbols = vectors[:, uses].ravel()
                symbols = symbols[np.isfinite(symbols)]
                paint_dots(painter, axes.x(symbols.real), axes.y(symbols.imag),
                           COLOURS[0], 0.35, dots)  # fmt: skip
                self._paint_codebook(painter, axes, uses)
            painter.setClipping(False)
            self._paint_key(painter, len(vectors))

        def _paint_codebook(self, painter, axes, uses):
            words = np.unique(self._model.codebook[:, uses].ravel().round(4))
            size = max(2.5, min(6.0, axes.width / 40))
            if len(words) > 64:
                size *= 0.6
            paint_markers(painter, axes.x(words.real), axes.y(words.imag), "D", size,
                          pen("#FFFFFF", 1), colour(COLOURS[1]))  # fmt: skip

        def _paint_key(self, painter, count):
            letter = self.set_font(painter, 0.9)
            at, middle = 0.8 * letter, self.height() - 0.8 * letter
            paint_markers(painter, np.array([at]), np.array([middle]), "D", 5,
                          pen("#FFFFFF", 1), colour(COLOURS[1]))  # fmt: skip
            at += letter
            at += paint_text(painter, at, middle, "codebook", colour_name=INK) + letter
            if not count:
                paint_text(painter, at, middle, "nothing received yet",
                           colour_name=GREY)  # fmt: skip
                return
            painter.setPen(pen(COLOURS[0], 5, opacity=0.6))
            painter.drawPoint(QtCore.QPointF(at, middle))
            texts = [f"{count} newest", f"{count} newest received vectors"]
            if len(self._panels) > 1:
                spans = f"each plane spans -{self._reach:g} to {self._reach:g}"
                texts.append(f"{texts[-1]}; {spans}")
            room = self.width() - at - letter
            fits = [t for t in texts if self.text_width(t, 0.9) < room]
            text = fits[-1] if fits else ""
            paint_text(painter, at + 0.7 * letter, middle, text, colour_name=INK)

    return ConstellationWindow
