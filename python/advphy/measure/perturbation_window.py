# SPDX-License-Identifier: GPL-3.0-or-later
"""The window of the perturbation sink: true and estimated arrows in signal space."""

import functools
import math

import numpy as np

from .complex_plane import MOST_PANELS, paint_panels, panels, reach_for
from .perturbation_record import PerturbationRecord, angle_degrees, matches
from .plot_painting import (
    COLOURS,
    GREY,
    INK,
    colour,
    paint_arrow,
    paint_markers,
    paint_text,
    pen,
)
from .plot_window import paint_note, plot_window_class, require_application

MOST_ARROWS = 64  # in one plane


def perturbation_window(model, title="", frame_rate=15, record=None, mailbox=None):
    """Return a widget that draws the messages given to its method take(message).

    Args:
        model: LinkModel; gives n and the codebook.
        title: above the plot.
        frame_rate: most pictures a second, at most 30.
        record: PerturbationRecord; None: a new one.
        mailbox: Mailbox that it collects from, or None.

    Raises:
        ValueError: an argument is wrong, or there is no application of Qt.
        ImportError: PyQt5 is not installed.
    """
    require_application()
    record = PerturbationRecord(model.n) if record is None else record
    return _window_class()(model, title, frame_rate, record, mailbox)


def texts(seen):
    """Return the lines under the planes about what was Seen."""
    lines = ["true: not told"]
    if seen.p is not None or seen.on:
        lines = [f"true PSR {seen.psr_db:.1f} dB" if seen.on else "true: attack is off"]
        if seen.kind == "table":
            lines[0] += " (arrows: one row of a table)"
    if seen.estimate is None:
        return [*lines, "estimated: nothing received yet"]
    if not seen.detected:
        return [*lines, "estimated: no perturbation detected"]
    estimated = f"estimated PSR {seen.estimated_psr_db:.1f} dB"
    if len(seen.estimate) > 1:
        estimated += f" ({len(seen.estimate)} components; arrows: the most frequent)"
    lines.append(estimated)
    if seen.p is None or not seen.on or not np.any(seen.p):
        return lines
    estimate = most_frequent(seen)
    plain, best = matches(estimate, seen.p)
    line = f"residual {plain.residual_db:.1f} dB of ||p||²"
    if np.any(estimate):
        line += f", angle {angle_degrees(estimate, seen.p):.0f}°"
    if best.text:
        line += f"; estimate {best.text}: {best.residual_db:.1f} dB"
    return [*lines, line]


def most_frequent(seen):
    """Return the component of the estimate that arrives most often, [n]."""
    weights = seen.weights if len(seen.weights) == len(seen.estimate) else (1.0,)
    return seen.estimate[int(np.argmax(weights))]


@functools.cache
def _window_class():
    from PyQt5 import QtCore

    class PerturbationWindow(plot_window_class()):
        minimum = 280, 260

        def __init__(self, model, title, frame_rate, record, mailbox):
            super().__init__(title, frame_rate)
            self._model, self._record, self._mailbox = model, record, mailbox
            self._painted, self._refused = None, 0
            self._count = model.n if model.n <= MOST_PANELS else 1
            self._largest = float(np.abs(model.codebook.view(np.float32)).max())
            self._reach, self._panels = reach_for(0.5 * self._largest, 0.0), []

        def take(self, message):
            """Add a message, a dictionary; return whether it was understood."""
            understood = self._record.take(message)
            self._refused += not understood
            return understood

        def state(self):
            """Return what a picture depends on."""
            if self._mailbox is not None:
                self._mailbox.collect()
            refused = self._refused + (self._mailbox.refused if self._mailbox else 0)
            return self._record.version, refused

        def changed(self):
            return self.state() != self._painted

        def paint_still(self, painter):
            top = self.paint_title(painter, 10)
            letter = self.set_font(painter)
            room = self.height() - top - 5.2 * letter
            self._panels = panels(4, top, self.width() - 8, room, self._count,
                                  self._reach, letter)  # fmt: skip
            names = [f"use {i}" for i in range(self._count)]
            paint_panels(painter, self._panels, names)
            for number, axes in enumerate(self._panels):
                uses = [number] if self._count > 1 else slice(None)
                painter.setClipRect(QtCore.QRectF(
                    axes.left, axes.top, axes.width, axes.height))  # fmt: skip
                words = np.unique(self._model.codebook[:, uses].ravel().round(4))
                paint_markers(painter, axes.x(words.real), axes.y(words.imag), "o",
                              2.0, pen("#BBBBBB"), colour("#BBBBBB"))  # fmt: skip

        def paint_moving(self, painter):
            self._painted = self.state()
            seen = self._record.seen()
            self._fit(painter, seen)
            if seen.on and seen.p is not None:
                self._paint_arrows(painter, seen.p, pen(COLOURS[1], 4.0))
            if seen.detected and seen.estimate is not None:
                self._paint_arrows(painter, most_frequent(seen), pen(COLOURS[0], 1.8))
            self._paint_texts(painter, texts(seen))
            if self._painted[1]:
                note = f"messages not understood: {self._painted[1]}"
                paint_note(painter, self, note)

        def _fit(self, painter, seen):
            """Have the planes reach as far as the arrows."""
            shown = [seen.p if seen.on else None,
                     seen.estimate if seen.detected else None]  # fmt: skip
            sizes = [float(max(np.abs(v.real).max(), np.abs(v.imag).max()))
                     for v in shown if v is not None]  # fmt: skip
            reach = reach_for(max([0.5 * self._largest, *(1.1 * s for s in sizes)]),
                              self._reach)  # fmt: skip
            if math.isfinite(reach) and reach != self._reach:
                self._reach = reach
                self._still = self._painted_still()
                painter.drawPixmap(0, 0, self._still)

        def _paint_arrows(self, painter, vector, line):
            letter = self.set_font(painter, 0.8)
            for use, value in enumerate(vector[:MOST_ARROWS]):
                axes = self._panels[use if self._count > 1 else 0]
                begin = float(axes.x(0)), float(axes.y(0))
                end = float(axes.x(value.real)), float(axes.y(value.imag))
                paint_arrow(painter, begin, end, line, 5 + 2.5 * line.widthF())
                if self._count == 1 and len(vector) > 1:
                    paint_text(painter, end[0] + 0.3 * letter, end[1], str(use),
                               colour_name=line.color().name())  # fmt: skip

        def _paint_texts(self, painter, lines):
            letter = self.set_font(painter)
            top = self.height() - 4.6 * letter
            for number, (line, look) in enumerate(
                zip(lines, (pen(COLOURS[1], 4), pen(COLOURS[0], 1.8), None),
                    strict=False)
            ):  # fmt: skip
                middle = top + 1.2 * number * letter
                if look:
                    paint_arrow(painter, (0.8 * letter, middle),
                                (2.6 * letter, middle), look, 9)  # fmt: skip
                paint_text(painter, 3.2 * letter, middle, line, colour_name=INK)
            painter.setPen(pen("#BBBBBB"))
            painter.setBrush(colour("#BBBBBB"))
            middle = top + 1.2 * len(lines) * letter
            painter.drawEllipse(QtCore.QPointF(1.7 * letter, middle), 2, 2)
            text = "codebook"
            if len(self._panels) > 1:
                text += f"; each plane spans -{self._reach:g} to {self._reach:g}"
            paint_text(painter, 3.2 * letter, middle, text, colour_name=GREY)

    return PerturbationWindow
