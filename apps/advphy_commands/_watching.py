# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop of `advphy watch`, and what it records: a CSV of counts and their curves."""

import contextlib
import math
import signal
import time
from pathlib import Path

from advphy_model.atomic_file import only_writer, refuse_unwritable
from advphy_model.measure import table
from advphy_model.measure.link_chain import Counts
from advphy_model.measure.published_counts import PublishedCounts

from advphy_commands import _watch_displays as displays
from advphy_commands._subscription import Subscriptions

ONCE_SECONDS = 5.0  # for a publisher to answer
CSV_SECONDS, PNG_SECONDS = 1.0, 5.0
SHARE = 10  # times what writing takes: the least from one writing to the next


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
    turns = _Turns(publishers, record, arguments.seconds)
    if arguments.json is not None:
        turns.show(lambda message: arguments.output.event(**message))
    if arguments.once:
        return _once(arguments, publishers, turns)
    if displays.wants_window(arguments):
        return displays.window(arguments, turns)
    with contextlib.ExitStack() as stack:
        if arguments.terminal or not (arguments.png or arguments.output.only_json):
            shown = stack.enter_context(displays.terminal(arguments.output))
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


def _once(arguments, publishers, turns):
    """Print what each block said last; return how many there are."""
    end = time.monotonic() + (arguments.seconds or ONCE_SECONDS)
    last = {}
    while not publishers.joined and time.monotonic() < end:
        for message in publishers.wait(min(0.1, end - time.monotonic())):
            last[message["run"], message["kind"], message["block"]] = message
    with displays.Lines(arguments.output) as shown:
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
        self._csv, self._png, self._remark = csv, png, output.remark
        self._stack, self._said = contextlib.ExitStack(), set()
        before = []
        if png:
            _refuse_format(png)
            refuse_unwritable(png)
        if csv:
            refuse_unwritable(csv)
            self._stack.enter_context(only_writer(csv))
            with self._closing_on_error():
                before = table.read_existing(csv, Counts)
        self._counts = PublishedCounts(before)
        self._changed = {"csv": False, "png": False}
        self._next = {"csv": 0.0, "png": time.monotonic() + 1}
        self._unshown = set()

    @contextlib.contextmanager
    def _closing_on_error(self):
        try:
            yield
        except BaseException:
            self._stack.close()
            raise

    def take(self, message):
        """Take in a measurement."""
        if message["kind"] in ("distortion", "accuracy"):
            self._unshown.add(message["name"])
        if self._counts.take(message):
            self._changed = {"csv": True, "png": True}

    def tick(self):
        """Write what is due."""
        for kind, seconds in (("csv", CSV_SECONDS), ("png", PNG_SECONDS)):
            if self._changed[kind] and time.monotonic() >= self._next[kind]:
                begun = time.monotonic()
                self._write(kind)
                took = time.monotonic() - begun
                self._next[kind] = begun + max(seconds, SHARE * took)

    def close(self):
        """Write what is not written yet, and say what is not in it."""
        try:
            for kind in ("csv", "png"):
                if self._changed[kind]:
                    self._write(kind)
            if self._png and not self._counts.rows():
                self._remark(f"{self._png}: there were no counts to draw")
            if self._csv and self._unshown:
                self._say(
                    f"{self._csv} has block errors alone, and nothing of "
                    f"{', '.join(sorted(self._unshown))}"
                )
        finally:
            self._stack.close()

    def _write(self, kind):
        path = self._csv if kind == "csv" else self._png
        self._changed[kind] = False
        rows = self._counts.rows() if path else []
        if rows and kind == "csv":
            table.write(path, rows, Counts)
        elif rows:
            from advphy_figures import bler_curves

            bler_curves.draw(table.add_up(rows), path)
        if path:
            self._say_what_is_missing(path)

    def _say_what_is_missing(self, path):
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
            self._remark("".join(c if c.isprintable() else "?" for c in text))


def _refuse_format(path):
    kind = Path(path).suffix[1:].lower()
    if kind not in ("png", "svg", "pdf"):
        raise ValueError(f"{path}: format '{kind}' is not known; use png, svg or pdf")
