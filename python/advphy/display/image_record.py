# SPDX-License-Identifier: GPL-3.0-or-later
"""The newest frames that all of several streams of images have reached."""

import threading

import numpy as np


class ImageRecord:
    """The newest frames that all streams have reached, handed to the window.

    The streams need not keep step: one that runs ahead, such as the original, is not
    held back. Frames that none has reached yet are chosen; each stream gives its own
    when it gets there, and when all have, those are shown and the next are chosen.

    Args:
        inputs: number of streams.
        rows: how many frames of each.
        image_shape: (rows, columns) of an image.
    """

    def __init__(self, inputs, rows, image_shape):
        self.inputs, self.rows, self.image_shape = inputs, rows, image_shape
        pixels = image_shape[0] * image_shape[1]
        self._lock = threading.Lock()
        self._read = [0] * inputs  # frames read of each stream
        self._last = np.zeros((inputs, rows, pixels), np.float32)  # of each stream
        self._chosen = 0  # index of the first frame that all shall give
        self._given = np.zeros_like(self._last)
        self._shown = 0, self._last[:, :0]

    def restart(self, port):
        """Have a stream begin at frame 0 again."""
        with self._lock:
            self._read[port] = 0
            self._chosen = max(self._read)
            self._shown = 0, self._last[:, :0]

    def put(self, port, images, first):
        """Copy the few that are wanted of images of a stream.

        Args:
            port: which stream.
            images: [count, pixels].
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
        """Return (index behind the last frame, frames [inputs, up to rows, pixels])."""
        with self._lock:
            end = self._read[0]
            if all(read == end for read in self._read):
                have = min(end, self.rows)
                self._shown = end, self._last[:, self.rows - have :].copy()
            return self._shown

    def state(self):
        """Return what a picture depends on."""
        return self.newest()[0]
