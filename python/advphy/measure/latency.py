# SPDX-License-Identifier: GPL-3.0-or-later
"""Latency of a receiver: from the samples of a burst to the decision of its blocks."""

import collections
import time

import numpy as np

_KEPT = 10_000  # bursts, the last ones
_PERCENT = {"latency_median": 50, "latency_99_percent": 99}


class Latency:
    """Times from a burst's last sample to when a meter takes its decided blocks."""

    def __init__(self):
        self._seconds = collections.deque(maxlen=_KEPT)

    def note(self, burst):
        """Note that the first blocks of a burst, given by its tag, are decided now."""
        if "arrived" in burst:
            self._seconds.append(time.monotonic() - burst["arrived"])

    def figures(self):
        """Return median and 99th percentile in seconds; nothing without bursts."""
        seconds = self._seconds.copy()  # another thread adds to it
        if not seconds:
            return {}
        values = np.percentile(seconds, list(_PERCENT.values()))
        return dict(zip(_PERCENT, map(float, values), strict=True))
