# SPDX-License-Identifier: GPL-3.0-or-later
"""Displays of `advphy watch`: a window, a table in the terminal, or lines."""

import contextlib
import math
import os
import signal
import sys
import time

from advphy_model.measure.curve_looks import number_of

from advphy_commands._radio_settings import handled
from advphy_commands._text import cells, name_of

LINE_SECONDS = 1.0
OLD_SECONDS = 3.0  # without a message, after which a row of the table is dimmed
WINDOW_MS = 30
ENDS = {"psr_db": (-20.0, 10.0), "snr_db": (-10.0, 20.0)}  # ends of the horizontal axis


def wants_window(settings, output):
    """Return whether to open a window; ValueError for --window without a screen."""
    screen = any(os.environ.get(v) for v in ("DISPLAY", "WAYLAND_DISPLAY"))
    if settings.window:
        if not screen and not os.environ.get("QT_QPA_PLATFORM"):
            raise ValueError("there is no screen for a window; use --terminal or --png")
        return True
    if settings.terminal or settings.png or output.only_json or not screen:
        return False
    try:
        import PyQt5.QtWidgets  # noqa: F401
        from gnuradio import advphy  # noqa: F401
    except ImportError as error:
        output.remark(f"no window, since {error.name} is not installed")
        return False
    return True


def window(settings, turns):
    """Show curves and strips, each from its first message, until the end."""
    from gnuradio.advphy.display.accuracy_strip import AccuracyRecord
    from gnuradio.advphy.display.accuracy_window import AccuracyWindow
    from gnuradio.advphy.display.bler_curve_sink import BlerCurveRecord
    from gnuradio.advphy.display.bler_curve_window import BlerCurveWindow
    from gnuradio.advphy.display.onset_strip import OnsetRecord
    from gnuradio.advphy.display.onset_window import OnsetWindow
    from PyQt5 import QtCore, QtWidgets

    application = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    first, last = ENDS.get(settings.x, (0.0, 10.0))
    curves = BlerCurveWindow(BlerCurveRecord(settings.x, first, last))
    strip = OnsetWindow(OnsetRecord(settings.span), "Block error rate over time")
    eves = AccuracyWindow(AccuracyRecord(settings.span), "Labels that Eve reads")
    shown = QtWidgets.QSplitter(QtCore.Qt.Vertical)
    shown.setWindowTitle(f"advphy watch {' '.join(settings.address)}")
    for part in (curves, strip, eves):
        shown.addWidget(part)
    for part in (curves, eves):
        part.hide()
    shown.resize(900, 760)

    def take(message):
        sent = _as_sent(message, turns.shared(message))
        for part in (curves, strip, eves):
            part.record.take(sent)
        if message["kind"] == "accuracy":
            eves.show()
        elif message["kind"] == "counts" and settings.x in message["settings"]:
            curves.show()

    turns.show(take)
    errors = []

    def interrupt(*_):
        errors.append(KeyboardInterrupt())

    def turn():
        try:
            turns.turn(0)
        except Exception as error:  # Qt would abort the process
            errors.append(error)
        if errors or turns.seconds_left() <= 0:
            application.quit()

    timer = QtCore.QTimer()
    timer.timeout.connect(turn)
    timer.start(WINDOW_MS)
    ends = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    # An exception in a slot would abort the process.
    with handled(interrupt, *ends), contextlib.closing(shown):
        shown.show()
        application.exec_()
    timer.stop()
    if errors:
        raise errors[0]


def _as_sent(message, shared):
    """Return a message with -inf dB for no PSR, and the flowgraph in a shared name."""
    none = [k for k in message if k.startswith("psr_db") and message[k] is None]
    settings = message["settings"]
    if "psr_db" in settings and settings["psr_db"] is None:
        settings = settings | {"psr_db": -math.inf}
    new = {"name": name_of(message, shared), "settings": settings}
    if isinstance(message.get("look"), int):  # as in the flowgraph, if it is free
        number_of(new["name"], wanted=max(0, message["look"]))
    return message | dict.fromkeys(none, -math.inf) | new


def terminal(output, turns):
    """Return a live table if there is a terminal and rich is installed, else lines."""
    if sys.stdout.isatty() and not output.only_json:
        with contextlib.suppress(ImportError):  # rich is not installed
            return Table(turns)
    return Lines(output, turns)


class Lines:
    """One line per second for each block that has sent a message."""

    def __init__(self, output, turns):
        self._output, self._turns, self._new = output, turns, {}
        self._next = time.monotonic() + LINE_SECONDS
        turns.show(self._take, self._tick)

    def _take(self, message):
        self._new[message["run"], message["kind"], message["block"]] = message

    def _tick(self):
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + LINE_SECONDS
            self.close()

    def close(self):
        """Print what is new."""
        for message in sorted(self._new.values(), key=lambda m: m["time"]):
            # Time of the measurement, unless it is out of range.
            seconds = message["time"] if abs(message["time"]) < 2**33 else time.time()
            clock = time.strftime("%H:%M:%S", time.localtime(seconds))
            name, *parts = cells(message, self._turns.shared(message))
            parts = filter(None, (clock, f"{name:<16}", *parts))
            self._output.line("  ".join(parts))
        self._new = {}


class Table:
    """A table in the terminal, a row for each block, which updates itself."""

    def __init__(self, turns):
        from rich.live import Live

        self._turns, self._last = turns, {}
        live = Live(refresh_per_second=4, get_renderable=self._table)
        live.start()
        self.close = live.stop
        turns.show(self._take)

    def _take(self, message):
        key = message["flowgraph"], message["kind"], message["block"], message["name"]
        self._last[key] = message, time.monotonic()

    def _table(self):
        from rich.table import Table as RichTable
        from rich.text import Text

        table = RichTable("name", "settings", "measured", expand=True)
        for message, when in list(self._last.values()):
            old = time.monotonic() - when > OLD_SECONDS
            texts = map(Text, cells(message, self._turns.shared(message)))
            table.add_row(*texts, style="dim" if old else None)
        return table
