# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of a processor the windows may take together, so that streams go on.

Painting costs a stream twice: time of a processor, and Python's lock, which Qt keeps
while it paints. Where processors are idle neither matters; where they are not,
windows together take at most WHEN_BUSY of one, and pictures come less often than their
frame rate says.
"""

import os
import time
import weakref

WHEN_BUSY, WHEN_IDLE = 0.02, 0.4  # of one processor
IDLE = 0.5  # of all processors' time: from here on they count as idle
LOOK_SECONDS = 1.0  # between two looks at the processors


def _processor_times():
    """Return (idle, all) seconds of all processors since some time."""
    try:
        with open("/proc/stat", encoding="ascii") as file:
            times = [int(word) for word in file.readline().split()[1:9]]
        return times[3] + times[4], sum(times)
    except (OSError, ValueError, IndexError):  # not Linux: only what this process uses
        everything = time.monotonic() * (os.cpu_count() or 1)
        return everything - time.process_time(), everything


class PaintingShare:
    """Share the time for painting among the windows that are shown."""

    def __init__(self):
        self._windows = weakref.WeakSet()
        self._times, self._looked, self._idle = _processor_times(), 0.0, False

    def add(self, window):
        """Have a window take part from now on, while it is visible."""
        self._windows.add(window)

    def visible(self):
        """Return how many windows are shown, at least 1."""
        shown = 0
        for window in list(self._windows):
            try:
                shown += window.isVisible()
            except RuntimeError:  # Qt has deleted it
                self._windows.discard(window)
        return max(1, shown)

    def pause(self, busy):
        """Return how long a window should wait that was busy for so many seconds."""
        now = time.monotonic()
        if now - self._looked > LOOK_SECONDS:
            before, self._times = self._times, _processor_times()
            idle, everything = (
                new - old for new, old in zip(self._times, before, strict=True)
            )
            self._looked, self._idle = now, idle > IDLE * max(everything, 1e-9)
        return busy * self.visible() / (WHEN_IDLE if self._idle else WHEN_BUSY)


share = PaintingShare()  # one for all windows of the process
