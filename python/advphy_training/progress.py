# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of long work, shown by the program's bar."""

import contextlib
from contextvars import ContextVar

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
