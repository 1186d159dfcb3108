# SPDX-License-Identifier: GPL-3.0-or-later
"""The window of the onset strip: errors, attack and canceller over the last seconds."""

import functools
import math
import time

from .display_arguments import checked_floor, checked_frame_rate
from .onset_labels import delay_texts, paint_delays, paint_labels, paint_psr_key
from .onset_painting import paint_errors, paint_found, paint_psr, paint_spells
from .onset_record import OnsetRecord, lasting, newest_time, spells
from .plot_axes import Axes
from .plot_painting import GREY, paint_frame, paint_text, pen
from .plot_window import (
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
    return _window_class()(plot, mailbox)


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
            self.paint_title(painter, upper.left)
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
            paint_labels(painter, self, upper, intervals)
            paint_psr_key(painter, self, lower)
            paint_delays(painter, self, lower, self._delays)
            if not now:
                paint_text(painter, upper.left + upper.width / 2,
                           upper.top + upper.height / 2, "nothing received yet",
                           "centre", GREY)  # fmt: skip
            if self._painted[1]:
                note = f"messages not understood: {self._painted[1]}"
                paint_note(painter, self, note)

        def _fit(self, painter, intervals, attacked, found):
            """Make room for names and for the PSRs there are."""
            texts = [*intervals, *self._delays, "estimated", "none of 100 000"]
            widths = [self.text_width(text, 0.95, bold=True) for text in texts]
            panel = min(max(widths) + 2.8 * self.letter(), 0.34 * self.width())
            values = [psr for parts in attacked.values() for *_, psr in parts]
            values += [s.psr_db for kept in found.values()
                       for run in lasting(kept) for s in run]  # fmt: skip
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

    return OnsetWindow
