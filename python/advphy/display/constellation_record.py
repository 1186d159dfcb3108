# SPDX-License-Identifier: GPL-3.0-or-later
"""The newest received vectors of a stream that does not wait for a display."""

import threading

import numpy as np


class ConstellationRecord:
    """The newest received vectors, of which few are copied for each picture.

    Args:
        points: how many vectors are kept.
        n: channel uses.
        gate: function of whether more vectors are wanted.
    """

    def __init__(self, points, n, gate=lambda wanted: None):
        self._lock, self._gate = threading.Lock(), gate
        self._ring = np.zeros((points, n), np.complex64)
        self._count = 0  # vectors written
        self._left = points  # wanted until somebody asks for more

    def put(self, vectors):
        """Copy the last of them, unless enough were copied since ask()."""
        with self._lock:
            if not self._left:
                return
            vectors = vectors[-self._left :]
            size, at = len(self._ring), self._count % len(self._ring)
            first = min(len(vectors), size - at)
            self._ring[at : at + first] = vectors[:first]
            self._ring[: len(vectors) - first] = vectors[first:]
            self._count += len(vectors)
            self._left -= len(vectors)
            if not self._left:
                self._gate(False)

    def ask(self):
        """Want as many vectors again as are kept."""
        with self._lock:
            self._left = len(self._ring)
            self._gate(True)

    def state(self):
        """Return what a picture depends on: how many vectors have been copied."""
        return self._count

    def newest(self):
        """Return the vectors, complex64 [up to points, n], in any order; want more."""
        with self._lock:
            found = self._ring[: self._count].copy()
        self.ask()
        return found
