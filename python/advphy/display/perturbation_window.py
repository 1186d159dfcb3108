# SPDX-License-Identifier: GPL-3.0-or-later
"""The window of the perturbation sink: true and estimated arrows in signal space."""

import functools
import html
import math

import numpy as np

from .complex_panels import MOST_PANELS, largest_part, panels_window_class, round_reach
from .name_looks import COLOURS, INK, PALE
from .perturbation_record import PerturbationRecord, angle_degrees, matches
from .qt_application import require_plots

MOST_ARROWS = 64  # in one plane


def perturbation_window(model, title="", frame_rate=15, record=None, mailbox=None):
    """Return a widget that draws the messages given to its method take(message).

    Args:
        model: LinkModel; gives n and the codebook.
        title: above the plot.
        frame_rate: pictures a second, at most 30; more than 20 count as 20.
        record: PerturbationRecord; None: a new one.
        mailbox: Mailbox that it collects from, or None.

    Raises:
        ValueError: an argument is wrong, or there is no application of Qt.
        ImportError: PyQt5 is not installed.
    """
    require_plots()
    record = PerturbationRecord(model.n) if record is None else record
    return _window_class()(model, title, frame_rate, record, mailbox)


def texts(seen):
    """Return the lines under the planes about what was Seen."""
    lines = ["true: not told"]
    if seen.p is not None or seen.on:
        lines = [f"true PSR {seen.psr_db:.1f} dB" if seen.on else "true: attack is off"]
        if seen.kind == "table":
            lines[0] += " (arrows: one row of a table)"
    if not seen.enabled:
        return [*lines, "estimated: the canceller is switched off"]
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
    import pyqtgraph

    class Arrow:
        """A vector of a plane, from 0 on."""

        def __init__(self, plot, colour, width, text):
            self.shaft = pyqtgraph.PlotCurveItem(
                pen=pyqtgraph.mkPen(colour, width=width), antialias=True
            )
            self.head = pyqtgraph.ArrowItem(
                headLen=9 + width, tipAngle=40, pen=None, brush=colour
            )
            self.text = pyqtgraph.TextItem(text, colour)
            for item in (self.shaft, self.head, self.text):
                plot.addItem(item, ignoreBounds=True)

        def show(self, value):
            """Point to a complex number, or vanish: None."""
            seen = value is not None and value != 0
            for item in (self.shaft, self.head, self.text):
                item.setVisible(seen)
            if seen:
                self.shaft.setData([0, value.real], [0, value.imag])
                angle = math.degrees(math.atan2(value.imag, value.real))
                self.head.setStyle(angle=180 - angle)
                self.head.setPos(value.real, value.imag)
                self.text.setPos(value.real, value.imag)

    class PerturbationWindow(panels_window_class()):
        lines = 4

        def __init__(self, model, title, frame_rate, record, mailbox):
            super().__init__(title, frame_rate, record, mailbox)
            self._smallest = 0.6 * largest_part(model.codebook)
            self.reach = round_reach(self._smallest)
            several = 1 < model.n <= MOST_PANELS
            self.make_panels([f"use {i}" for i in range(model.n if several else 1)])
            for number, plot in enumerate(self.plots):
                uses = [number] if several else slice(None)
                words = np.unique(model.codebook[:, uses].ravel().round(4))
                plot.addItem(
                    pyqtgraph.ScatterPlotItem(
                        words.real,
                        words.imag,
                        size=5,
                        pen=None,
                        brush=PALE,
                    ),
                    ignoreBounds=True,
                )
            shown = range(min(model.n, MOST_ARROWS))
            self.true, self.estimated = (
                [
                    Arrow(
                        self.plots[use if several else 0],
                        colour,
                        width,
                        "" if several or model.n == 1 else str(use),
                    )
                    for use in shown
                ]
                for colour, width in ((COLOURS[1], 4), (COLOURS[0], 2))
            )

        def version(self):
            return self._record.version

        def fill(self):
            seen = self._record.seen()
            true = seen.p if seen.on else None
            found = seen.estimate is not None and seen.detected
            estimated = most_frequent(seen) if found else None
            sizes = [largest_part(v) for v in (true, estimated) if v is not None]
            reach = round_reach(max([self._smallest, *(1.1 * size for size in sizes)]))
            if reach > self.reach:
                self.set_reach(reach)
            self._point(self.true, true)
            self._point(self.estimated, estimated)
            lines = [html.escape(text) for text in texts(seen)]
            looks = [(COLOURS[1], "➔ "), (COLOURS[0], "➔ "), (INK, "")]
            lines = [
                f"<span style='color: {colour}'>{glyph}</span>{line}"
                for (colour, glyph), line in zip(looks, lines, strict=False)
            ]
            lines.append(
                "; ".join(
                    filter(
                        None,
                        (f"<span style='color: {PALE}'>●</span> codebook", self.note()),
                    )
                )
            )
            self.say("<br>".join(lines))

        def _point(self, arrows, vector):
            for use, arrow in enumerate(arrows):
                arrow.show(None if vector is None else complex(vector[use]))

    return PerturbationWindow
