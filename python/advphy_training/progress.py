# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of long work, shown by the program's bar, and the file of early figures."""

import contextlib
import csv
from contextvars import ContextVar

from advphy_model.atomic_file import atomic_file

show = None  # function like tqdm that a program puts here; None: nothing is shown
_HUSHED = ContextVar("hushed", default=False)


class _Unseen:
    """Steps that nobody is shown."""

    def __init__(self, steps):
        self._steps = steps

    def __iter__(self):
        return iter(self._steps)

    def set_postfix_str(self, text):
        """Say nothing."""


@contextlib.contextmanager
def hushed(quiet=True):
    """Show no bar within; one that is within is not worth it, or is not wanted."""
    token = _HUSHED.set(quiet or _HUSHED.get())
    try:
        yield
    finally:
        _HUSHED.reset(token)


def bar(steps, **more):
    """Return the steps, as the program shows them.

    Args:
        steps: iterable whose items are counted.
        more: for `show`, such as total, unit, initial or desc.
    """
    unseen = show is None or _HUSHED.get()
    return _Unseen(steps) if unseen else show(steps, **more)


def text(row: dict) -> str:
    """Return a row as a line behind a progress bar, without its step."""
    return ", ".join(
        f"{key} {value:.3g}" for key, value in row.items() if key != "step"
    )


def rows_before(path, step: int) -> list:
    """Return the rows of a progress file up to and including that step."""
    if step == 0 or not path.exists():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if int(row["step"]) <= step]


def write(path, rows):
    """Write the progress file."""
    with atomic_file(path) as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
