# SPDX-License-Identifier: GPL-3.0-or-later
"""Displays of `advphy watch`: a window, a table in the terminal, or lines."""

import contextlib
import math
import os
import signal
import sys
import time

from advphy_commands._text import cells

LINE_SECONDS = 1.0
OLD_SECONDS = 3.0  # without a message, after which a row of the table is dimmed
WINDOW_MS = 30
ENDS = {"psr_db": (-20.0, 10.0), "snr_db": (-10.0, 20.0)}  # ends of the horizontal axis


def wants_window(settings, output):
    """Return whether to open a window.

    Raises:
        ValueError: if --window is given and there is no screen.
    """
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
    """Show BLER curves and a strip over time until the window is closed."""
    from gnuradio.advphy.display.bler_curve_sink import BlerCurveRecord
    from gnuradio.advphy.display.bler_curve_window import BlerCurveWindow
    from gnuradio.advphy.display.onset_strip import OnsetRecord
    from gnuradio.advphy.display.onset_window import OnsetWindow
    from PyQt5 import QtCore, QtWidgets

    application = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    first, last = ENDS.get(settings.x, (0.0, 10.0))
    curves = BlerCurveWindow(BlerCurveRecord(settings.x, first, last))
    strip = OnsetWindow(OnsetRecord())
    shown = QtWidgets.QSplitter(QtCore.Qt.Vertical)
    shown.setWindowTitle(f"advphy watch {' '.join(settings.address)}")
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
    """Converter of published messages to messages of blocks."""

    def __init__(self):
        self._flowgraphs = set()

    def message(self, message):
        """Return a message with the flowgraph in its name and -inf dB for no PSR."""
        self._flowgraphs.add(message["flowgraph"])
        name = message["name"]
        if len(self._flowgraphs) > 1 and message["flowgraph"]:
            name = f"{message['flowgraph']}: {name}"
        settings = dict(message["settings"])
        if "psr_db" in settings and settings["psr_db"] is None:
            settings["psr_db"] = -math.inf
        none = [k for k in message if k.startswith("psr_db") and message[k] is None]
        shown = message | dict.fromkeys(none, -math.inf)
        return shown | {"name": name, "settings": settings}


def terminal(output):
    """Return a live table if there is a terminal and rich is installed, else lines."""
    if sys.stdout.isatty() and not output.only_json:
        with contextlib.suppress(ImportError):  # rich is not installed
            return Table()
    return Lines(output)


class _Shown:
    """Base of displays in the terminal; a context manager."""

    def __init__(self):
        self._flowgraphs = set()

    def __enter__(self):
        return self

    def _cells(self, message):
        """Return the name, the settings and the figures of a message as texts."""
        return cells(message, len(self._flowgraphs) > 1)


class Lines(_Shown):
    """One line per second for each block that has sent a message."""

    def __init__(self, output):
        super().__init__()
        self._output, self._new = output, {}
        self._next = time.monotonic() + LINE_SECONDS

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
            # Time of the measurement, unless it is out of range.
            seconds = message["time"] if abs(message["time"]) < 2**33 else time.time()
            clock = time.strftime("%H:%M:%S", time.localtime(seconds))
            name, *parts = self._cells(message)
            parts = filter(None, (clock, f"{name:<16}", *parts))
            self._output.line("  ".join(parts))
        self._new = {}


class Table(_Shown):
    """A table in the terminal, a row for each block. Needs rich."""

    def __init__(self):
        from rich.live import Live

        super().__init__()
        self._last = {}
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
        """Do nothing; the table updates itself."""

    def _table(self):
        from rich.table import Table as RichTable
        from rich.text import Text

        table = RichTable("name", "settings", "measured", expand=True)
        for message, when in list(self._last.values()):
            old = time.monotonic() - when > OLD_SECONDS
            texts = map(Text, self._cells(message))
            table.add_row(*texts, style="dim" if old else None)
        return table
