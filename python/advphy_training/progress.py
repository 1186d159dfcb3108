# SPDX-License-Identifier: GPL-3.0-or-later
"""The one bar of all that takes time."""

import contextlib
import multiprocessing
import sys
from contextvars import ContextVar

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
