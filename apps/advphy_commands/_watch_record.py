# SPDX-License-Identifier: GPL-3.0-or-later
"""What `advphy watch` writes: a CSV of counts, and a picture of their curves."""

import contextlib
import time
from pathlib import Path

from advphy_model.atomic_file import only_writer, refuse_unwritable
from advphy_model.measure import table
from advphy_model.measure.link_chain import Counts
from advphy_model.measure.published_counts import PublishedCounts

CSV_SECONDS, PNG_SECONDS = 1.0, 5.0
SHARE = 10  # times what writing takes: the least from one writing to the next


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
