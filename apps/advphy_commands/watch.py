# SPDX-License-Identifier: GPL-3.0-or-later
"""Show measurements of running flowgraphs in a window, browser or terminal, or files.

Receives the measurements that Publisher blocks send. Opens a window if there is a
screen, and prints otherwise; --web, --png, --csv and --json need neither. Waits for
flowgraphs that have not started, and reconnects to those that restart. The CSV contains
counts of block errors, which `advphy plot` reads; measurements of images and of Eve are
shown but not written.
"""

import contextlib
import functools
import math
import time
from collections import defaultdict
from dataclasses import dataclass

from advphy_model.atomic_file import only_writer, refuse_unwritable
from advphy_model.measure import published, table
from advphy_model.measure.link_chain import Counts
from advphy_model.measure.published_counts import PublishedCounts

from advphy_commands import _watch_displays as displays
from advphy_commands import _watch_web
from advphy_commands._options import operand, option, switch
from advphy_commands._radio_settings import duration
from advphy_commands._text import printable

HERE = f"{published.HERE[0]} to {published.HERE[-1].rpartition(':')[2]}"
ONCE_SECONDS = 5.0  # time for a publisher to answer
WRITE_SECONDS = {"csv": 1.0, "png": 5.0}  # least time between two writes
SHARE = 10  # least time between two writes, in durations of a write


@dataclass(frozen=True)
class Settings:
    address: list = operand(
        "ADDRESS",
        f"address of a publisher (default: all of this computer, {HERE})",
        nargs="*",
        default=[],
    )
    keys: str = option(
        "keys from `advphy publish-keys`, for publishers that require them",
        metavar="FOLDER",
    )
    window: bool = switch("open a window (default if there is a screen)", alone=True)
    terminal: bool = switch(
        "print a live table, or lines if the output is a file", alone=True
    )
    web: tuple = option(
        "serve a page that shows the curves in a browser, to this computer only unless "
        f"HOST is given (port {_watch_web.PORT} unless given)",
        None,
        _watch_web.address,
        alone=True,
        nargs="?",
        const=str(_watch_web.PORT),
        metavar="[HOST:]PORT",
    )
    once: bool = switch("print the latest measurements and end", alone=True)
    png: str = option(
        "draw BLER curves every few seconds and at the end", metavar="FIGURE.png"
    )
    csv: str = option(
        "write counts for `advphy plot`; an existing file is continued",
        metavar="RUN.csv",
    )
    seconds: float = option(
        "time after which to end (default: at Ctrl-C)", None, duration, metavar="N"
    )
    span: float = option(
        "time that the window shows", 20.0, duration, metavar="SECONDS"
    )
    x: str = option(
        "setting on the horizontal axis of the window, such as psr_db",
        "ebn0_db",
        metavar="SETTING",
    )


def run(settings, output):
    """Watch until the end of the time, the window, or Ctrl-C; return the exit code."""
    from advphy_commands._subscription import Subscriptions

    with (
        contextlib.closing(Record(settings.csv, settings.png, output)) as record,
        Subscriptions(settings.address, output.remark, settings.keys) as publishers,
    ):
        turns = _Turns(publishers, record, settings.seconds)
        if output.json is not None:
            turns.show(lambda message: output.event(**message))
        _show(settings, output, turns)
        if publishers.malformed:
            output.remark(f"{publishers.malformed} messages were ignored")
    if not turns.received:
        where = ", ".join(settings.address) or HERE
        output.remark(f"nothing was received from {where}")
    return 0 if turns.received else 1


def _show(settings, output, turns):
    """Show measurements until the end."""
    window = not settings.once and displays.wants_window(settings, output)
    if not settings.address:
        output.remark(f"looks for publishers at {HERE}")
    if settings.once:
        with contextlib.closing(displays.Lines(output, turns)):
            turns.take_last(settings.seconds or ONCE_SECONDS)
    elif window:
        displays.window(settings, turns)
    else:
        with contextlib.ExitStack() as stack:
            if settings.web:
                page = _watch_web.Page(settings, output, turns)
                stack.enter_context(contextlib.closing(page))
            others = settings.png or settings.web or output.only_json
            if settings.terminal or not others:
                shown = displays.terminal(output, turns)
                stack.enter_context(contextlib.closing(shown))
            while turns.seconds_left() > 0:
                turns.turn(min(0.1, turns.seconds_left()))


class _Turns:
    """Loop that passes measurements to the record and to the displays."""

    def __init__(self, publishers, record, seconds):
        self._publishers = publishers
        self._takes, self._ticks = [record.take], [record.tick]
        self._seconds, self._end = math.inf if seconds is None else seconds, None
        self._flowgraphs, self.received = defaultdict(set), 0  # by name of a block

    def show(self, take, tick=None):
        """Also pass each message to `take`, and call `tick` at each turn."""
        self._takes.append(take)
        self._ticks += [] if tick is None else [tick]

    def shared(self, message):
        """Return whether several flowgraphs have a block of that name."""
        return len(self._flowgraphs[message["name"]]) > 1

    def seconds_left(self):
        """Return the seconds until the end, counted from the first call."""
        now = time.monotonic()
        if self._end is None:
            self._end = now + self._seconds
        return self._end - now

    def _take(self, messages):
        for message in messages:
            self.received += 1
            self._flowgraphs[message["name"]].add(message["flowgraph"])
            for take in self._takes:
                take(message)

    def turn(self, seconds):
        """Pass on the messages of at most `seconds`, then call all ticks."""
        self._take(self._publishers.wait(seconds))
        for tick in self._ticks:
            tick()

    def take_last(self, seconds):
        """Pass on the latest message of each block when all publishers have sent."""
        end, last = time.monotonic() + seconds, {}
        while not self._publishers.joined and time.monotonic() < end:
            for message in self._publishers.wait(min(0.1, end - time.monotonic())):
                last[message["run"], message["kind"], message["block"]] = message
        self._take(last.values())


class Record:
    """Files of the counts, written at intervals and by close().

    The CSV, whose existing rows are kept, and the figure are paths or None. ValueError
    if an existing CSV is not one of counts, or is in use, or the format of the figure
    is not known; OSError if a file cannot be written.
    """

    def __init__(self, csv, png, output):
        self._paths = {k: path for k, path in {"csv": csv, "png": png}.items() if path}
        # A cached function remarks each text once.
        self._remark = functools.cache(lambda text: output.remark(printable(text)))
        self._unshown, self._changed = set(), set()
        self._next = {"csv": 0.0, "png": time.monotonic() + 1}
        if png:
            from advphy_figures import look

            look.kind_of(png)
            refuse_unwritable(png)
        with contextlib.ExitStack() as stack:
            before = []
            if csv:
                refuse_unwritable(csv)
                stack.enter_context(only_writer(csv))
                before = table.read_existing(csv, Counts)
                table.require_continuable(before, {}, csv)
            self._counts = PublishedCounts(before)
            self._stack = stack.pop_all()

    def take(self, message):
        """Add a measurement."""
        if message["kind"] in ("distortion", "accuracy"):
            self._unshown.add(message["name"])
        if self._counts.take(message):
            self._changed = set(self._paths)

    def tick(self):
        """Write the files that are due."""
        for kind in sorted(self._changed):
            begun = time.monotonic()
            if begun >= self._next[kind]:
                self._write(kind)
                took = time.monotonic() - begun
                self._next[kind] = begun + max(WRITE_SECONDS[kind], SHARE * took)

    def close(self):
        """Write the latest counts, and remark what the files do not contain."""
        with self._stack:
            for kind in sorted(self._changed):
                self._write(kind)
            if "png" in self._paths and not self._counts.rows():
                self._remark(f"{self._paths['png']}: there were no counts to draw")
            if "csv" in self._paths and self._unshown:
                self._remark(
                    f"{self._paths['csv']} has block errors only, not the measurements "
                    f"of {', '.join(sorted(self._unshown))}"
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
            self._remark(
                f"{path}: {name} counts blocks that are counted already, with the same "
                "seed and settings; the longest of overlapping ranges is kept; give "
                "each run its own seed or first block"
            )
        for name, why in self._counts.refused.items():
            self._remark(f"{path}: the counts of {name} are left out: {why}")
