# SPDX-License-Identifier: GPL-3.0-or-later
"""The window of BLER curves: measured with intervals, in front of theory and the past.

It needs no flowgraph: whatever has messages of counters gives them to take().
"""

import functools
import math

import numpy as np
from advphy_model import counts
from advphy_model.error_rate import interval, upper_bound

from .bler_hover import hover_at, paint_hover
from .bler_overlays import X_LABELS, closed_form_lines, earlier_lines
from .bler_painting import curve_looks, paint_curve, paint_labels, paint_overlay
from .bler_points import BlerPoints
from .display_arguments import checked_floor, checked_frame_rate
from .plot_axes import Axes
from .plot_painting import GREY, paint_frame, paint_text
from .plot_window import (
    paint_note,
    plot_window_class,
    require_application,
)

MOST_VARIANTS = 4  # of the settings of one name, the newest
_interval = functools.lru_cache(4096)(interval)


class BlerPlot:
    """What a window of BLER curves shows: the measured points, overlays, the axes.

    Args:
        title: above the plot.
        x: the key of settings that is the horizontal axis.
        first: its left end.
        last: its right end.
        floor: lowest BLER.
        closed_forms: links whose theory is drawn, with commas.
        csv: files of earlier counts, with commas.
        frame_rate: most pictures a second.

    Raises:
        ValueError: naming what is wrong.
    """

    def __init__(self, title="", x="ebn0_db", first=0.0, last=10.0, floor=1e-6,
                 closed_forms="", csv="", frame_rate=15):  # fmt: skip
        self.title, self.x = str(title), str(x).strip()
        self.frame_rate = checked_frame_rate(frame_rate)
        if not self.x:
            raise ValueError(
                f"x = {x!r}, wanted the key of a setting, such as 'ebn0_db'"
            )
        if not (math.isfinite(first) and math.isfinite(last) and first < last):
            raise ValueError(
                f"first = {first!r} and last = {last!r}, wanted two numbers, the "
                "first below the last"
            )
        self.range, self.floor = (float(first), float(last)), checked_floor(floor)
        self.theory = closed_form_lines(closed_forms, self.x, *self.range)
        self.earlier = earlier_lines(csv, self.x)
        self.points = BlerPoints(self.x)

    @property
    def x_label(self):
        """Return what is written under the axis."""
        return X_LABELS.get(self.x, self.x.replace("_", " "))


def bler_curve_window(title="", x="ebn0_db", first=0.0, last=10.0, floor=1e-6,
                      closed_forms="", csv="", frame_rate=15):  # fmt: skip
    """Return a widget that draws the messages given to its method take(message).

    The arguments are those of BlerPlot.

    Raises:
        ValueError: an argument is wrong, or there is no application of Qt.
        ImportError: PyQt5 is not installed.
    """
    plot = BlerPlot(title, x, first, last, floor, closed_forms, csv, frame_rate)
    return window_of(plot)


def window_of(plot, mailbox=None):
    """Return the widget of a BlerPlot, which collects from a Mailbox if there is one.

    Raises:
        ValueError: there is no application of Qt.
        ImportError: PyQt5 is not installed.
    """
    require_application()
    return _window_class()(plot, mailbox)


def measured(points):
    """Return (x, bler, low, high, failures, blocks) of {x: (failures, blocks)}.

    Where no block failed, bler is NaN and high the rate that this excludes at 95 %.
    """
    found = []
    for x, (failures, blocks) in points.items():
        if failures:
            found.append((x, failures / blocks, *_interval(failures, blocks),
                          failures, blocks))  # fmt: skip
        else:
            found.append((x, math.nan, 0.0, upper_bound(blocks), 0, blocks))
    return np.array(found).reshape(-1, 6)


@functools.cache
def _window_class():
    from PyQt5 import QtCore

    class BlerCurveWindow(plot_window_class()):
        minimum = 420, 260

        def __init__(self, plot, mailbox):
            super().__init__(plot.title, plot.frame_rate)
            self.plot, self._mailbox = plot, mailbox
            self._refused, self._painted = 0, None
            self._names, self._near, self._hover = [], [], None
            self.setMouseTracking(True)
            self.add_action("Save CSV...", lambda: self.ask_and_save(
                "Save counts", "Counts (*.csv)", self.save_csv))  # fmt: skip
            self.add_action("Forget the counts", self.forget)

        def take(self, message):
            """Add a message of a counter, a dictionary; return if it was understood."""
            understood = self.plot.points.take(message)
            self._refused += not understood
            return understood

        def forget(self):
            """Draw only what is counted from now on."""
            if self._mailbox is not None:
                self._mailbox.collect()
            self.plot.points.forget()
            self.forget_still()

        def save_csv(self, path):
            """Write the counts as advphy plot reads them; they need an Eb/N0."""
            rows = self.plot.points.rows()
            if not rows:
                raise ValueError("there are no counts with an Eb/N0 to save yet")
            counts.write(path, rows)

        def state(self):
            """Return what a picture depends on."""
            if self._mailbox is not None:
                self._mailbox.collect()
            refused = self._refused + (self._mailbox.refused if self._mailbox else 0)
            return self.plot.points.version, refused, self._hover

        def changed(self):
            return self.state() != self._painted

        def axes(self):
            letter = self.letter() * 1.2
            top = 0.8 * letter if not self.title else 2.2 * letter
            panel = min(0.34 * self.width(), self._panel_width(letter))
            return Axes(
                4.6 * letter, top, self.width() - 5.2 * letter - panel,
                self.height() - top - 3.1 * letter, self.plot.range,
                (self.plot.floor, 1.0), log=True,
            )  # fmt: skip

        def _panel_width(self, letter):
            overlays = [label for label, *_ in self.plot.theory + self.plot.earlier]
            widths = [self.text_width(text, bold=True) for text in self._names]
            widths += [self.text_width(text, 0.9) for text in overlays]
            return max(widths, default=0) + 3 * letter

        def paint_still(self, painter):
            axes = self.axes()
            self.paint_title(painter, axes.left)
            self.set_font(painter)
            paint_frame(painter, axes, self.plot.x_label, "block error rate (BLER)")
            painter.setClipRect(QtCore.QRectF(
                axes.left, axes.top, axes.width, axes.height))  # fmt: skip
            overlays = self.plot.theory + self.plot.earlier
            for number, (_, x, rates) in enumerate(overlays):
                paint_overlay(painter, axes, number, len(self.plot.theory), x, rates)

        def paint_moving(self, painter):
            self._painted = self.state()
            curves = self.plot.points.curves()
            looks = curve_looks(curves, MOST_VARIANTS)
            names = [look.name for look in looks]
            if looks:  # room for the longest value
                names.append("none of 10 000 000")
            if names != self._names:  # the room for them changes
                self._names = names
                self._still = self._painted_still()
                painter.drawPixmap(0, 0, self._still)
            axes = self.axes()
            self.set_font(painter)
            self._near = []
            painter.setClipRect(QtCore.QRectF(  # half a marker stands over the edge
                axes.left - 9, axes.top - 9, axes.width + 18, axes.height + 9
            ))  # fmt: skip
            for look in looks:
                found = measured(look.points)
                paint_curve(painter, axes, look, found, self.letter())
                self._near.append((look, found))
            painter.setClipping(False)
            overlays = self.plot.theory + self.plot.earlier
            paint_labels(painter, self, axes, looks, overlays, len(self.plot.theory))
            if not looks:
                paint_text(painter, axes.left + axes.width / 2,
                           axes.top + axes.height / 2, "no counts yet", "centre",
                           GREY)  # fmt: skip
            self._paint_notes(painter)
            if self._hover is not None:
                paint_hover(painter, self, axes, *self._hover)

        def mouseMoveEvent(self, event):
            hover = hover_at(event.pos(), self.axes(), self._near, self.plot.x_label)
            if hover != self._hover:
                self._hover = hover
                self.update()

        def leaveEvent(self, event):
            self._hover = None
            self.update()

        def _paint_notes(self, painter):
            refused, lacking = self._painted[1], self.plot.points.without_x
            notes = []
            if refused:
                notes.append(f"messages not understood: {refused}")
            if lacking:
                notes.append(f"counts without {self.plot.x}: {lacking}")
            paint_note(painter, self, "; ".join(notes))

    return BlerCurveWindow
