# SPDX-License-Identifier: GPL-3.0-or-later
"""The one bar of all that takes time, and the file of a training's early figures."""

import contextlib
import csv
import multiprocessing
import sys
from contextvars import ContextVar

from advphy_model.atomic_file import atomic_file
from tqdm import tqdm

_HUSHED = ContextVar("hushed", default=False)


@contextlib.contextmanager
def hushed(quiet=True):
    """Show no bar within; one that is within is not worth it, or is not wanted."""
    token = _HUSHED.set(quiet or _HUSHED.get())
    try:
        yield
    finally:
        _HUSHED.reset(token)


def bar(steps=None, total=None, unit="step", **more):
    """Return a tqdm on standard error: how far, how long yet; only on a terminal.

    One of several processes that share the terminal shows none.

    Args:
        steps: iterable whose items are counted, or None.
        total: how many there will be; None: as many as `steps` has, or not known.
        unit: what is counted.
        more: for tqdm, such as initial, desc or unit_scale.
    """
    quiet = _HUSHED.get() or multiprocessing.parent_process() is not None
    return tqdm(
        steps,
        total=total,
        unit=unit if unit.startswith(" ") or more.get("unit_scale") else f" {unit}",
        disable=True if quiet else None,
        leave=False,
        dynamic_ncols=True,
        file=sys.stderr,
        **more,
    )


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
