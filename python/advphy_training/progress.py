# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress bars of long work, shown by the program that runs it."""

import contextlib
from contextvars import ContextVar

show = None  # function like tqdm, set by the program; None: no bars
_HUSHED = ContextVar("hushed", default=False)


class _Hidden:
    """Steps without a progress bar."""

    def __init__(self, steps):
        self._steps = steps

    def __iter__(self):
        return iter(self._steps)

    def set_postfix_str(self, text):
        """Ignore the text."""


@contextlib.contextmanager
def hushed(quiet=True):
    """Show no progress bars inside this context, if `quiet`."""
    token = _HUSHED.set(quiet or _HUSHED.get())
    try:
        yield
    finally:
        _HUSHED.reset(token)


def bar(steps, **more):
    """Return the steps with the bar show(steps, **more), if the program shows any."""
    hidden = show is None or _HUSHED.get()
    return _Hidden(steps) if hidden else show(steps, **more)
