# SPDX-License-Identifier: GPL-3.0-or-later
"""Record of the image viewer: the newest images that all streams have reached."""

import threading

import numpy as np


class ImageRecord:
    """The newest images that all streams have reached.

    The streams need not be at the same index: one that runs ahead, such as that of the
    sent images, does not wait. Indices that no stream has reached yet are chosen; each
    stream copies its images when it reaches them. When all have, these images are
    shown and the next indices are chosen.

    Args:
        inputs: number of streams.
        rows: number of images of each stream.
        image_shape: (rows, columns) of an image.
    """

    def __init__(self, inputs, rows, image_shape):
        self.inputs, self.rows, self.image_shape = inputs, rows, image_shape
        pixels = image_shape[0] * image_shape[1]
        self._lock = threading.Lock()
        self._read = [0] * inputs  # images read of each stream
        self._last = np.zeros((inputs, rows, pixels), np.float32)  # of each stream
        self._chosen = 0  # index of the first chosen image
        self._given = np.zeros_like(self._last)
        self._shown = 0, self._last[:, :0]

    def restart(self, port):
        """Let a stream begin at index 0 again."""
        with self._lock:
            self._read[port] = 0
            self._chosen = max(self._read)
            self._shown = 0, self._last[:, :0]

    def put(self, port, images, first):
        """Copy the chosen and the last images among new images of a stream.

        Args:
            port: number of the stream.
            images: float32 [count, pixels].
            first: index of the first of them.
        """
        rows, end, count = self.rows, first + len(images), min(len(images), self.rows)
        with self._lock:
            last, chosen = self._last[port], self._chosen
            last[: rows - count] = last[count:]
            last[rows - count :] = images[len(images) - count :]
            begin, stop = max(first, chosen), min(end, chosen + rows)
            if begin < stop:
                self._given[port, begin - chosen : stop - chosen] = images[
                    begin - first : stop - first
                ]
            self._read[port] = end
            if min(self._read) >= chosen + rows:
                self._shown = chosen + rows, self._given.copy()
                self._chosen = max(self._read)

    def newest(self):
        """Return (index after the last image, images [inputs, up to rows, pixels])."""
        with self._lock:
            end = self._read[0]
            if all(read == end for read in self._read):
                have = min(end, self.rows)
                self._shown = end, self._last[:, self.rows - have :].copy()
            return self._shown

    def state(self):
        """Return the index after the last image, which changes with each picture."""
        return self.newest()[0]
