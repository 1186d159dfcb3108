# SPDX-License-Identifier: GPL-3.0-or-later
"""Displays of `advphy watch`: what is shown, in a window, a table or lines."""

import contextlib
import functools
import math
import os
import shutil
import signal
import sys
import time

from advphy_model.measure.curve_looks import number_of

from advphy_commands._signals import handled
from advphy_commands._text import cells, name_of

LINE_SECONDS = 1.0
OLD_SECONDS = 3.0  # without a message, after which a row of the table is dimmed
TABLE_SECONDS = 0.25
DIM = "\x1b[2m{}\x1b[0m"
WINDOW_MS = 30
ENDS = {"psr_db": (-20.0, 10.0), "snr_db": (-10.0, 20.0)}  # ends of the horizontal axis
SCREENS = "DISPLAY", "WAYLAND_DISPLAY"  # variables of a desktop
TITLES = {"curves": "Block error rate", "strip": "Block error rate over time"}
TITLES |= {"eves": "Labels that Eve reads"}


def has_screen():
    """Return whether Qt can open a window."""
    return any(map(os.environ.get, (*SCREENS, "QT_QPA_PLATFORM")))


def wants_window(settings, output):
    """Return whether to open a window; ValueError for --window without a screen."""
    if settings.window:
        if not has_screen():
            raise ValueError("there is no screen for a window; use --terminal or --png")
        return True
    others = settings.terminal, settings.web, settings.png, output.only_json
    if any(others) or not any(map(os.environ.get, SCREENS)):
        return False
    try:
        import PyQt5.QtWidgets  # noqa: F401
        from gnuradio import advphy  # noqa: F401
    except ImportError as error:
        output.remark(f"no window, since {error.name} is not installed")
        return False
    return True


class Shown:
    """What the window and the page show: records of the messages so far."""

    def __init__(self, settings, turns):
        from gnuradio.advphy.display.accuracy_strip import AccuracyRecord
        from gnuradio.advphy.display.bler_curve_sink import BlerCurveRecord
        from gnuradio.advphy.display.onset_strip import OnsetRecord

        self.curves = BlerCurveRecord(settings.x, *ENDS.get(settings.x, (0.0, 10.0)))
        self.strip = OnsetRecord(settings.span)
        self.eves = AccuracyRecord(settings.span)
        self.has_curves = self.has_eves = False
        self._turns = turns
        turns.show(self._take)

    def _take(self, message):
        sent = _as_sent(message, self._turns.shared(message))
        for record in (self.curves, self.strip, self.eves):
            record.take(sent)
        counts = message["kind"] == "counts"
        self.has_curves |= counts and self.curves.x in message["settings"]
        self.has_eves |= message["kind"] == "accuracy"


def window(settings, turns):
    """Show curves and strips, each from its first message, until the end."""
    from gnuradio.advphy.display.accuracy_window import AccuracyWindow
    from gnuradio.advphy.display.bler_curve_window import BlerCurveWindow
    from gnuradio.advphy.display.onset_window import OnsetWindow
    from PyQt5 import QtCore, QtWidgets

    application = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    shown, splitter = Shown(settings, turns), QtWidgets.QSplitter(QtCore.Qt.Vertical)
    curves = BlerCurveWindow(shown.curves)
    strip = OnsetWindow(shown.strip, TITLES["strip"])
    eves = AccuracyWindow(shown.eves, TITLES["eves"])
    splitter.setWindowTitle(f"advphy watch {' '.join(settings.address)}")
    for part in (curves, strip, eves):
        splitter.addWidget(part)
    splitter.resize(900, 760)
    errors = []

    def interrupt(*_):
        errors.append(KeyboardInterrupt())

    def turn():
        try:
            turns.turn(0)
            curves.setVisible(shown.has_curves)
            eves.setVisible(shown.has_eves)
        except Exception as error:  # Qt would abort the process
            errors.append(error)
        if errors or turns.seconds_left() <= 0:
            application.quit()

    turn()
    timer = QtCore.QTimer()
    timer.timeout.connect(turn)
    timer.start(WINDOW_MS)
    ends = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    # An exception in a slot would abort the process.
    with handled(interrupt, *ends), contextlib.closing(splitter):
        splitter.show()
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
    """Return a live table if there is a terminal, else lines."""
    with contextlib.suppress(ImportError):  # tqdm is not installed
        if sys.stdout.isatty() and not output.only_json:
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
        from tqdm import tqdm

        form = {"bar_format": "{desc}", "file": sys.stdout, "dynamic_ncols": True}
        self._new_row = functools.partial(tqdm, **form)
        self._turns, self._last, self._rows, self._next = turns, {}, [], 0.0
        turns.show(self._take, self._tick)

    def _take(self, message):
        key = message["flowgraph"], message["kind"], message["block"], message["name"]
        self._last[key] = message, time.monotonic()

    def _tick(self):
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + TABLE_SECONDS
        width = shutil.get_terminal_size().columns - 1
        table = [
            (*cells(message, self._turns.shared(message)), now - when > OLD_SECONDS)
            for message, when in self._last.values()
        ]
        first = max((len(name) for name, *_ in table), default=0)
        self._rows += [self._new_row() for _ in table[len(self._rows) :]]
        for row, (name, setting, figures, old) in zip(self._rows, table, strict=True):
            line = f"{name:<{first}}  {figures}  {setting}"[:width]
            row.set_description_str(DIM.format(line) if old else line)

    def close(self):
        """Leave the last table in the terminal."""
        self._next = 0.0
        self._tick()
        for row in self._rows:
            row.close()
