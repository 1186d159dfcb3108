# SPDX-License-Identifier: GPL-3.0-or-later
"""The window of the onset strip: errors, attack and canceller over the last seconds."""

import functools
import math
import time

from advphy_model.error_rate import interval

from .onset_painting import paint_errors, paint_found, paint_psr, paint_spells
from .onset_record import (
    OnsetRecord,
    found_after,
    last_change,
    recovered_after,
    spells,
)
from .plot_axes import Axes, spread
from .plot_painting import (
    COLOURS,
    GREY,
    INK,
    MARKERS,
    colour,
    paint_frame,
    paint_markers,
    paint_text,
    pen,
)
from .plot_window import (
    checked_floor,
    checked_frame_rate,
    paint_note,
    plot_window_class,
    require_application,
)

DELAY_SECONDS = 0.5  # between two looks at the delays, which take a while


class OnsetPlot:
    """What a window of an onset strip shows.

    Args:
        title: above the plot.
        seconds: how much time is shown.
        floor: lowest BLER.
        frame_rate: most pictures a second.

    Raises:
        ValueError: naming what is wrong.
    """

    def __init__(self, title="", seconds=20.0, floor=1e-5, frame_rate=15):
        self.title, self.floor = str(title), checked_floor(floor)
        if not (isinstance(seconds, (int, float)) and 1 <= seconds <= 3600):
            raise ValueError(f"seconds = {seconds!r}, wanted a time to show, 1..3600 s")
        self.seconds, self.frame_rate = float(seconds), checked_frame_rate(frame_rate)
        self.record = OnsetRecord(self.seconds)


def onset_window(title="", seconds=20.0, floor=1e-5, frame_rate=15):
    """Return a widget that draws the messages given to its method take(message).

    The arguments are those of OnsetPlot.

    Raises:
        ValueError: an argument is wrong, or there is no application of Qt.
        ImportError: PyQt5 is not installed.
    """
    return window_of(OnsetPlot(title, seconds, floor, frame_rate))


def window_of(plot, mailbox=None):
    """Return the widget of an OnsetPlot, which collects from a Mailbox if given."""
    require_application()
    interval(1, 2)  # imports scipy now, not while a picture is painted
    return _window_class()(plot, mailbox)


def delay_texts(intervals, attacks, found):
    """Return lines about the newest change of the attack: when it told.

    Args:
        intervals: {name: [Interval]}.
        attacks: {name: [State]} of adversaries.
        found: {name: [State]} of cancellers.
    """
    changes = [change for states in attacks.values() if (change := last_change(states))]
    if not changes:
        return []
    onset, on = max(changes)
    if not on:
        return []
    lines = []
    for name, states in found.items():
        after = found_after(states, onset)
        if after is not None:
            lines.append(f"{name}: found after {after:.2f} s")
    for name, counted in intervals.items():
        hurt, after = recovered_after(counted, onset)
        if after is not None:
            lines.append(f"{name}: recovered after {after:.2f} s")
        elif hurt:
            lines.append(f"{name}: not recovered")
    return lines


def newest_time(*events):
    """Return the time of the newest of all events, or 0."""
    return max((kept[-1].time for part in events for kept in part.values() if kept),
               default=0.0)  # fmt: skip


@functools.cache
def _window_class():
    from PyQt5 import QtCore

    class OnsetWindow(plot_window_class()):
        minimum = 420, 260

        def __init__(self, plot, mailbox):
            super().__init__(plot.title, plot.frame_rate)
            self.plot, self._mailbox, self._painted = plot, mailbox, None
            self._refused, self._panel, self._psr_range = 0, 0.0, (-20.0, 0.0)
            self._delays, self._delays_due = [], 0.0

        def take(self, message):
            """Add a message, a dictionary; return whether it was understood."""
            understood = self.plot.record.take(message)
            self._refused += not understood
            return understood

        def state(self):
            """Return what a picture depends on."""
            if self._mailbox is not None:
                self._mailbox.collect()
            refused = self._refused + (self._mailbox.refused if self._mailbox else 0)
            return self.plot.record.version, refused

        def changed(self):
            return self.state() != self._painted

        def axes(self):
            """Return Axes of the errors and of the PSR; time is 0 at the right."""
            letter = self.letter() * 1.2
            top = 0.8 * letter if not self.title else 2.2 * letter
            width = self.width() - 5.6 * letter - self._panel
            room = self.height() - top - 7.0 * letter
            low, x_range = max(0.25 * room, 20), (-self.plot.seconds, 0.0)
            upper = Axes(5.0 * letter, top, width, max(room - low, 20), x_range,
                         (self.plot.floor, 1.0), log=True)  # fmt: skip
            lower = Axes(5.0 * letter, upper.bottom + 3.7 * letter, width, low,
                         x_range, self._psr_range)  # fmt: skip
            return upper, lower

        def paint_still(self, painter):
            upper, lower = self.axes()
            letter = self.set_font(painter, 1.15, bold=True)
            paint_text(painter, upper.left, 1.2 * self.letter(), self.title)
            letter = self.set_font(painter)
            paint_frame(painter, upper, "", "BLER", x_texts=False)
            paint_frame(painter, lower, "time (s)", "PSR (dB)")
            row = upper.bottom + 0.7 * letter
            paint_text(painter, upper.left - 0.4 * letter, row, "none seen", "right",
                       GREY)  # fmt: skip
            painter.setPen(pen(GREY))
            painter.drawRect(QtCore.QRectF(upper.left, upper.bottom, upper.width,
                                           1.4 * letter))  # fmt: skip
            paint_text(painter, upper.left - 0.4 * letter, row + 1.5 * letter,
                       "detected", "right", GREY)  # fmt: skip

        def paint_moving(self, painter):
            self._painted = self.state()
            intervals, attacks, found = self.plot.record.events()
            now = newest_time(intervals, attacks, found)
            attacked = {name: spells(kept, now) for name, kept in attacks.items()}
            if time.monotonic() >= self._delays_due:
                self._delays = delay_texts(intervals, attacks, found)
                self._delays_due = time.monotonic() + DELAY_SECONDS
            letter = self.set_font(painter)
            self._fit(painter, intervals, attacked, found)
            upper, lower = self.axes()
            painter.setClipRect(QtCore.QRectF(
                upper.left, upper.top, upper.width, lower.bottom - upper.top
            ))  # fmt: skip
            paint_spells(painter, upper, lower, now, attacked)
            row = upper.bottom + 0.7 * letter
            for number, (_, kept) in enumerate(intervals.items()):
                paint_errors(painter, upper, now, kept, row, number, 0.25 * letter)
            paint_found(painter, upper, now, found, row + 1.5 * letter, 0.7 * letter)
            paint_psr(painter, lower, now, attacked, found)
            painter.setClipping(False)
            self._paint_labels(painter, upper, intervals)
            self._paint_psr_key(painter, lower)
            self._paint_delays(painter, lower)
            if not now:
                paint_text(painter, upper.left + upper.width / 2,
                           upper.top + upper.height / 2, "nothing received yet",
                           "centre", GREY)  # fmt: skip
            if self._painted[1]:
                note = f"messages not understood: {self._painted[1]}"
                paint_note(painter, self, note)

        def _fit(self, painter, intervals, attacked, found):
            """Make room for names and for the PSRs there are."""
            texts = [*intervals, *self._delays, "estimated", "none of 1e+05"]
            widths = [self.text_width(text, 0.95, bold=True) for text in texts]
            panel = min(max(widths) + 2.8 * self.letter(), 0.34 * self.width())
            values = [psr for parts in attacked.values() for *_, psr in parts]
            values += [s.psr_db for kept in found.values() for s in kept if s.on]
            values = [value for value in values if math.isfinite(value)]
            low, high = self._psr_range
            low = min([low, *(10 * math.floor((v - 1) / 10) for v in values)])
            high = max([high, *(10 * math.ceil((v + 1) / 10) for v in values)])
            if (low, high) != self._psr_range or panel > self._panel:
                self._psr_range, self._panel = (low, high), panel
                self._still = self._painted_still()
                painter.drawPixmap(0, 0, self._still)

        def resizeEvent(self, event):
            self._panel = 0.0
            super().resizeEvent(event)

        def _paint_labels(self, painter, axes, intervals):
            letter = self.set_font(painter)
            newest = [kept[-1] for kept in intervals.values()]
            wanted = [float(axes.y(max(i.failures / i.blocks, self.plot.floor)))
                      for i in newest]  # fmt: skip
            tops = spread(wanted, [2.3 * letter] * len(newest), axes.top,
                          axes.bottom + 1.4 * letter)  # fmt: skip
            left = axes.right + 0.9 * letter
            for number, (name, last, top) in enumerate(
                zip(intervals, newest, tops, strict=True)
            ):
                name_of_colour = COLOURS[number % len(COLOURS)]
                paint_markers(
                    painter, *spots([(left, top + 0.6 * letter)]),
                    MARKERS[number % len(MARKERS)], 0.28 * letter,
                    pen(name_of_colour, 1.5), colour(name_of_colour),
                )  # fmt: skip
                self.set_font(painter, bold=True)
                room = int(self.width() - left - 1.0 * letter)
                text = painter.fontMetrics().elidedText(name, 1, room)
                paint_text(painter, left + 0.7 * letter, top + 0.6 * letter, text)
                self.set_font(painter)
                rate = f"{last.failures / last.blocks:.2e}"
                rate = rate if last.failures else f"none of {last.blocks:.3g}"
                paint_text(painter, left + 0.7 * letter, top + 1.65 * letter, rate)

        def _paint_psr_key(self, painter, axes):
            letter = self.set_font(painter, 0.95)
            left = axes.right + 0.5 * letter
            for number, (text, line) in enumerate((
                ("attack", pen(COLOURS[4], 3)), ("estimated", pen(INK, 1.5)),
            )):  # fmt: skip
                middle = axes.top + (0.6 + 1.1 * number) * letter
                painter.setPen(line)
                painter.drawLine(QtCore.QPointF(left, middle),
                                 QtCore.QPointF(left + letter, middle))  # fmt: skip
                paint_text(painter, left + 1.3 * letter, middle, text)

        def _paint_delays(self, painter, axes):
            letter = self.set_font(painter, 0.95)
            left = axes.right + 0.5 * letter
            for number, text in enumerate(self._delays):
                middle = axes.top + (3.0 + 1.1 * number) * letter
                room = int(self.width() - left - 4)
                text = painter.fontMetrics().elidedText(text, 1, room)
                paint_text(painter, left, middle, text)

    return OnsetWindow


def spots(points):
    """Return arrays (x, y) of [(x, y)]."""
    import numpy as np

    return np.array(points, float).T
