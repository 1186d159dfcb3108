# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrival times of the samples of a stream, from which meters know their latency."""

import collections
import time

_KEPT = 8192  # notes; a source that is some seconds ahead writes fewer


class ArrivalTimes:
    """Arrival times of samples, noted by one block and read by another.

    Times are those of time.monotonic, in seconds; samples count from 0.
    """

    def __init__(self):
        self._notes = collections.deque(maxlen=_KEPT)  # (samples so far, time)

    def clear(self):
        """Forget all notes, when the stream begins again."""
        self._notes.clear()

    def note(self, samples):
        """Note that so many samples of the stream have arrived by now."""
        self._notes.append((samples, time.monotonic()))

    def of(self, sample):
        """Return when a sample arrived; now if that is not noted yet.

        Forgets the samples before it: ask in the order of the stream.
        """
        while self._notes:
            samples, arrived = self._notes[0]
            if samples > sample:
                return arrived
            self._notes.popleft()
        return time.monotonic()
