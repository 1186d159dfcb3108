# SPDX-License-Identifier: GPL-3.0-or-later
"""What `advphy watch` shows: a window, a table in the terminal, or lines."""

import contextlib
import math
import os
import signal
import sys
import time

from advphy_commands import _measurement_text as words

LINE_SECONDS = 1.0
OLD_SECONDS = 3.0  # without a message: a gray row of the table
WINDOW_MS = 30
ENDS = {"psr_db": (-20.0, 10.0), "snr_db": (-10.0, 20.0)}  # of the horizontal axis


def wants_window(arguments):
    """Return whether to open a window; ValueError where it is wanted and cannot be."""
    screen = any(os.environ.get(v) for v in ("DISPLAY", "WAYLAND_DISPLAY"))
    if arguments.window:
        if not screen and not os.environ.get("QT_QPA_PLATFORM"):
            raise ValueError("there is no screen for a window; use --terminal or --png")
        return True
    if arguments.terminal or arguments.png or arguments.output.only_json or not screen:
        return False
    try:
        import PyQt5.QtWidgets  # noqa: F401
        from gnuradio import advphy  # noqa: F401
    except ImportError as error:
        arguments.output.remark(f"no window, since {error.name} is not installed")
        return False
    return True


def window(arguments, turns):
    """Show curves, and what happens over time, until the window is closed."""
    from gnuradio.advphy.display.bler_curve_record import BlerCurveRecord
    from gnuradio.advphy.display.bler_curve_window import BlerCurveWindow
    from gnuradio.advphy.display.onset_record import OnsetRecord
    from gnuradio.advphy.display.onset_window import OnsetWindow
    from PyQt5 import QtCore, QtWidgets

    application = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    first, last = ENDS.get(arguments.x, (0.0, 10.0))
    curves = BlerCurveWindow(BlerCurveRecord(arguments.x, first, last))
    strip = OnsetWindow(OnsetRecord())
    shown = QtWidgets.QSplitter(QtCore.Qt.Vertical)
    shown.setWindowTitle(f"advphy watch {' '.join(arguments.address)}")
    shown.addWidget(curves)
    shown.addWidget(strip)
    shown.resize(900, 760)
    sent = _AsSent()
    turns.show(lambda message: curves.record.take(sent.message(message)))
    turns.show(lambda message: strip.record.take(sent.message(message)))
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
    before = signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    try:
        shown.show()
        application.exec_()
    finally:
        signal.signal(signal.SIGINT, before)
        timer.stop()
        shown.close()
    if errors:
        raise errors[0]
    return turns.received


class _AsSent:
    """Published messages as blocks send them to a display."""

    def __init__(self):
        self._flowgraphs = set()

    def message(self, message):
        """Return it with a PSR of nothing as -inf dB, its flowgraph in its name."""
        self._flowgraphs.add(message["flowgraph"])
        name = message["name"]
        if len(self._flowgraphs) > 1 and message["flowgraph"]:
            name = f"{message['flowgraph']}: {name}"
        settings = dict(message["settings"])
        if "psr_db" in settings and settings["psr_db"] is None:
            settings["psr_db"] = -math.inf
        shown = {
            k: -math.inf if v is None and k.startswith("psr_db") else v
            for k, v in message.items()
        }
        return shown | {"name": name, "settings": settings}


def terminal(output):
    """Return a table that changes where there is a terminal and rich, else lines."""
    if sys.stdout.isatty() and not output.only_json:
        with contextlib.suppress(ImportError):  # rich is not installed
            return Table()
    return Lines(output)


class Lines:
    """A line a second for each block that said something; a context manager."""

    def __init__(self, output):
        self._output, self._new = output, {}
        self._flowgraphs = set()
        self._next = time.monotonic() + LINE_SECONDS

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._print()

    def take(self, message):
        """Keep the newest message of each block."""
        self._flowgraphs.add(message["flowgraph"])
        self._new[message["run"], message["kind"], message["block"]] = message

    def tick(self):
        """Print what is new, once a second."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + LINE_SECONDS
            self._print()

    def _print(self):
        for message in sorted(self._new.values(), key=lambda m: m["time"]):
            clock = time.strftime("%H:%M:%S", time.localtime(_seconds(message)))
            name = words.name_of(message, len(self._flowgraphs) > 1)
            parts = [
                clock,
                f"{name:<16}",
                words.settings_of(message),
                words.figures_of(message),
            ]
            self._output.line("  ".join(part for part in parts if part))
        self._new = {}


def _seconds(message):
    """Return when it was measured, if a clock can say that."""
    return message["time"] if abs(message["time"]) < 2**33 else time.time()


class Table:
    """A table in the terminal, a row for each block; a context manager. Needs rich."""

    def __init__(self):
        from rich.live import Live

        self._last, self._flowgraphs = {}, set()
        self._live = Live(refresh_per_second=4, get_renderable=self._table)

    def __enter__(self):
        self._live.start()
        return self

    def __exit__(self, *_):
        self._live.stop()

    def take(self, message):
        """Keep the newest message of each block."""
        self._flowgraphs.add(message["flowgraph"])
        key = message["flowgraph"], message["kind"], message["block"], message["name"]
        self._last[key] = message, time.monotonic()

    def tick(self):
        """Do nothing: the table looks by itself."""

    def _table(self):
        from rich.table import Table as RichTable
        from rich.text import Text

        table = RichTable("name", "settings", "measured", expand=True)
        several = len(self._flowgraphs) > 1
        for message, when in list(self._last.values()):
            cells = (
                words.name_of(message, several),
                words.settings_of(message),
                words.figures_of(message),
            )
            old = time.monotonic() - when > OLD_SECONDS
            table.add_row(*map(Text, cells), style="dim" if old else None)
        return table
