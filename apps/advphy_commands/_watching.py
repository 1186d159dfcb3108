# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop of `advphy watch`: from subscriptions to what shows and what records."""

import contextlib
import os
import signal
import time

from advphy_commands import _measurement_text as words
from advphy_commands._subscription import Subscriptions
from advphy_commands._watch_record import Record

ONCE_SECONDS = 5.0  # for a publisher to answer
LINE_SECONDS = 1.0


def watch(arguments):
    """Watch; return the exit code: 1 when nothing was received."""
    output = arguments.output
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with (
            contextlib.closing(Record(arguments.csv, arguments.png, output)) as record,
            Subscriptions(
                arguments.address, output.remark, arguments.keys
            ) as publishers,
        ):
            received = _show(arguments, publishers, record)
            if publishers.malformed:
                output.remark(f"{publishers.malformed} messages were ignored")
    finally:
        signal.signal(signal.SIGTERM, before)
    if not received:
        output.remark(f"nothing was received from {', '.join(arguments.address)}")
    return 0 if received else 1


def _show(arguments, publishers, record):
    """Return how many measurements were received."""
    takes = [record.take]
    if arguments.json is not None:
        takes.append(lambda message: arguments.output.event(**message))
    if arguments.once:
        return _once(arguments, publishers, takes)
    if _wants_window(arguments):
        from advphy_commands._watch_window import show

        return show(arguments, publishers, takes, record.tick)
    with contextlib.ExitStack() as stack:
        ticks = [record.tick]
        if arguments.terminal or not (arguments.png or arguments.output.only_json):
            shown = stack.enter_context(_terminal(arguments.output))
            takes.append(shown.take)
            ticks.append(shown.tick)
        return _loop(publishers, takes, ticks, arguments.seconds)


def _loop(publishers, takes, ticks, seconds):
    end = None if seconds is None else time.monotonic() + seconds
    received = 0
    while end is None or time.monotonic() < end:
        left = 0.1 if end is None else min(0.1, end - time.monotonic())
        for message in publishers.wait(left):
            received += 1
            for take in takes:
                take(message)
        for tick in ticks:
            tick()
    return received


def _once(arguments, publishers, takes):
    """Print what each block said last."""
    end = time.monotonic() + (arguments.seconds or ONCE_SECONDS)
    last = {}
    while not publishers.joined and time.monotonic() < end:
        for message in publishers.wait(min(0.1, end - time.monotonic())):
            last[message["run"], message["kind"], message["block"]] = message
    shown = Lines(arguments.output)
    for message in last.values():
        for take in (*takes, shown.take):
            take(message)
    shown.print()
    return len(last)


def _wants_window(arguments):
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


def _terminal(output):
    """Return a table that changes where there is a terminal and rich, else lines."""
    import sys

    if sys.stdout.isatty() and not output.only_json:
        try:
            from advphy_commands._watch_table import Table

            return Table()
        except ImportError:
            pass  # rich is not installed
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
        self.print()

    def take(self, message):
        """Keep the newest message of each block."""
        self._flowgraphs.add(message["flowgraph"])
        self._new[message["run"], message["kind"], message["block"]] = message

    def tick(self):
        """Print, once a second."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + LINE_SECONDS
            self.print()

    def print(self):
        """Print what is new."""
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
