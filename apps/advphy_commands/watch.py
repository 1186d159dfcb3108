# SPDX-License-Identifier: GPL-3.0-or-later
"""Watch what flowgraphs publish: in a window, in the terminal, as a picture or a CSV.

A Publisher block sends what counters and meters say. Where there is a screen this opens
a window, else it prints; --png, --csv and --json work without either. It waits for
flowgraphs that are not there yet, and goes on when they come back. The CSV has the
counts of block errors, and `advphy plot` reads it; figures of images and of Eve are
shown, not recorded.
"""

import contextlib
import math
import signal
import time
from dataclasses import dataclass

from advphy_model.atomic_file import only_writer, refuse_unwritable
from advphy_model.measure import table
from advphy_model.measure.link_chain import Counts
from advphy_model.measure.published_counts import PublishedCounts

from advphy_commands import _watch_displays as displays
from advphy_commands._options import operand, option, switch
from advphy_commands._text import printable

ADDRESS = "tcp://127.0.0.1:5570"
ONCE_SECONDS = 5.0  # for a publisher to answer
WRITE_SECONDS = {"csv": 1.0, "png": 5.0}  # from one writing to the next, at least
SHARE = 10  # times what writing takes: the least, too


@dataclass(frozen=True)
class Settings:
    """Whom to watch, how, and until when."""

    address: list = operand(
        "ADDRESS", f"of publishers; default {ADDRESS}", nargs="*", default=[ADDRESS]
    )
    keys: str = option(
        None,
        "keys of `advphy publish-keys`, for publishers that want them",
        metavar="FOLDER",
    )
    window: bool = switch(
        "open a window; the default where there is a screen", alone=True
    )
    terminal: bool = switch(
        "print: a table that changes, or lines into a file", alone=True
    )
    once: bool = switch("print what was measured last, and end", alone=True)
    png: str = option(
        None, "draw BLER curves every few seconds and at the end", metavar="FIGURE.png"
    )
    csv: str = option(
        None,
        "record counts for `advphy plot`; goes on with a file that is there",
        metavar="RUN.csv",
    )
    seconds: float = option(
        None, "end after so long; default: at Ctrl-C", type=float, metavar="N"
    )
    x: str = option(
        "ebn0_db",
        "horizontal axis of the window: ebn0_db, psr_db ...",
        metavar="SETTING",
    )

    def __post_init__(self):
        """Refuse a time that is none."""
        if self.seconds is not None and not 0 < self.seconds < math.inf:
            raise ValueError(f"--seconds {self.seconds:g}, expected a number above 0")


def run(settings, output):
    """Watch until the time is over, the window closed, or Ctrl-C; 1: nothing came."""
    from advphy_commands._subscription import Subscriptions

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with (
            contextlib.closing(Record(settings.csv, settings.png, output)) as record,
            Subscriptions(settings.address, output.remark, settings.keys) as publishers,
        ):
            received = _show(settings, output, publishers, record)
            if publishers.malformed:
                output.remark(f"{publishers.malformed} messages were ignored")
    finally:
        signal.signal(signal.SIGTERM, before)
    if not received:
        output.remark(f"nothing was received from {', '.join(settings.address)}")
    return 0 if received else 1


def _show(settings, output, publishers, record):
    """Return how many measurements were received."""
    turns = _Turns(publishers, record, settings.seconds)
    if output.json is not None:
        turns.show(lambda message: output.event(**message))
    if settings.once:
        return _once(settings, output, publishers, turns)
    if displays.wants_window(settings, output):
        return displays.window(settings, turns)
    with contextlib.ExitStack() as stack:
        if settings.terminal or not (settings.png or output.only_json):
            shown = stack.enter_context(displays.terminal(output))
            turns.show(shown.take, shown.tick)
        while (left := turns.seconds_left()) > 0:
            turns.turn(min(0.1, left))
    return turns.received


class _Turns:
    """Hand what has arrived to the record and to the displays, again and again.

    Args:
        publishers: Subscriptions.
        record: Record.
        seconds: until the end, or None: without end.
    """

    def __init__(self, publishers, record, seconds):
        self._publishers = publishers
        self._takes, self._ticks = [record.take], [record.tick]
        self._seconds, self._end = math.inf if seconds is None else seconds, None
        self.received = 0

    def show(self, take, tick=None):
        """Hand each message to `take`, too, and call `tick` at each turn."""
        self._takes.append(take)
        self._ticks += [] if tick is None else [tick]

    def seconds_left(self):
        """Return the seconds until the end; they begin when this is first called."""
        now = time.monotonic()
        if self._end is None:
            self._end = now + self._seconds
        return self._end - now

    def take(self, message):
        """Hand on one message."""
        self.received += 1
        for take in self._takes:
            take(message)

    def turn(self, seconds):
        """Wait so long for messages, at most; then let each write what is due."""
        for message in self._publishers.wait(seconds):
            self.take(message)
        for tick in self._ticks:
            tick()


def _once(settings, output, publishers, turns):
    """Print what each block said last; return how many there are."""
    end = time.monotonic() + (settings.seconds or ONCE_SECONDS)
    last = {}
    while not publishers.joined and time.monotonic() < end:
        for message in publishers.wait(min(0.1, end - time.monotonic())):
            last[message["run"], message["kind"], message["block"]] = message
    with displays.Lines(output) as shown:
        turns.show(shown.take)
        for message in last.values():
            turns.take(message)
    return len(last)


class Record:
    """Counts in files, written now and then, and by close().

    Args:
        csv: path, or None; rows that are there are kept.
        png: path of a figure, or None.
        output: for remarks.

    Raises:
        ValueError, OSError: when a file cannot be written, or is no CSV of counts.
    """

    def __init__(self, csv, png, output):
        self._paths = {k: path for k, path in {"csv": csv, "png": png}.items() if path}
        self._remark, self._said, self._unshown = output.remark, set(), set()
        self._changed, self._next = set(), {"csv": 0.0, "png": time.monotonic() + 1}
        before = []
        with contextlib.ExitStack() as stack:
            if png:
                from advphy_figures import look

                look.kind_of(png)
                refuse_unwritable(png)
            if csv:
                refuse_unwritable(csv)
                stack.enter_context(only_writer(csv))
                before = table.read_existing(csv, Counts)
            self._stack = stack.pop_all()
        self._counts = PublishedCounts(before)

    def take(self, message):
        """Take in a measurement."""
        if message["kind"] in ("distortion", "accuracy"):
            self._unshown.add(message["name"])
        if self._counts.take(message):
            self._changed = set(self._paths)

    def tick(self):
        """Write what is due."""
        for kind in sorted(self._changed):
            begun = time.monotonic()
            if begun >= self._next[kind]:
                self._write(kind)
                took = time.monotonic() - begun
                self._next[kind] = begun + max(WRITE_SECONDS[kind], SHARE * took)

    def close(self):
        """Write what is not written yet, and say what is not in it."""
        with self._stack:
            for kind in sorted(self._changed):
                self._write(kind)
            if "png" in self._paths and not self._counts.rows():
                self._remark(f"{self._paths['png']}: there were no counts to draw")
            if "csv" in self._paths and self._unshown:
                self._say(
                    f"{self._paths['csv']} has block errors alone, and nothing of "
                    f"{', '.join(sorted(self._unshown))}"
                )

    def _write(self, kind):
        self._changed.discard(kind)
        path, rows = self._paths[kind], self._counts.rows()
        if rows and kind == "csv":
            table.write(path, rows, Counts)
        elif rows:
            from advphy_figures import bler_curves

            bler_curves.draw(table.add_up(rows), path)
        for name in self._counts.counted_twice():
            self._say(
                f"{path}: {name} counts blocks that are counted already, of the same "
                "seed and settings; of ranges that overlap the longest is kept (give "
                "each run a seed or a first block of its own)"
            )
        for name, why in self._counts.refused.items():
            self._say(f"{path}: the counts of {name} are not in it: {why}")

    def _say(self, text):
        if text not in self._said:
            self._said.add(text)
            self._remark(printable(text))
