# SPDX-License-Identifier: GPL-3.0-or-later
"""Record of the constellation sink: the newest received vectors of a stream."""

import threading

import numpy as np


class ConstellationRecord:
    """The newest received vectors; at most `points` are copied for each picture.

    Args:
        points: number of vectors that are kept.
        codebook: complex [M, n].
        channel_use: channel use that is shown, or -1: all.
        gate: function of a bool, whether more vectors are needed. It holds no block,
            because a window may outlive its flowgraph.
    """

    def __init__(self, points, codebook, channel_use=-1, gate=lambda wanted: None):
        self.codebook, self.channel_use = codebook, channel_use
        self._lock, self._gate = threading.Lock(), gate
        self._ring = np.zeros((points, codebook.shape[1]), np.complex64)
        self._count = 0  # vectors written
        self._left = points  # still to be copied before the next ask()

    def put(self, vectors):
        """Copy the last vectors, unless enough were copied since ask()."""
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
        """Ask for as many new vectors as are kept."""
        with self._lock:
            self._left = len(self._ring)
            self._gate(True)

    def state(self):
        """Return what a picture depends on."""
        return self.copied(), self.channel_use

    def copied(self):
        """Return the number of vectors copied so far."""
        return self._count

    def newest(self):
        """Return the vectors, complex64 [up to points, n], unordered; ask for more."""
        with self._lock:
            vectors = self._ring[: self._count].copy()
        self.ask()
        return vectors
