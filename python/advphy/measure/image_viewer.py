# SPDX-License-Identifier: GPL-3.0-or-later
"""Image viewer: streams of images side by side in a window, the newest of each."""

import threading

import numpy as np

from ..guard import guarded_block
from .image_window import FASTEST, image_window

MOST_INPUTS = 6
MOST_ROWS = 16


class NewestFrames:
    """The last few frames of all streams, handed from the stream to the window.

    Args:
        inputs: number of streams.
        rows: how many frames of each.
        image_shape: (rows, columns) of an image.
    """

    def __init__(self, inputs, rows, image_shape):
        self.inputs, self.rows, self.image_shape = inputs, rows, image_shape
        pixels = image_shape[0] * image_shape[1]
        self._lock = threading.Lock()
        self._frames = np.zeros((inputs, rows, pixels), np.float32)
        self._end = 0

    def clear(self):
        """Forget them."""
        with self._lock:
            self._end = 0

    def put(self, streams, end):
        """Copy the last items of streams that are aligned; `end` are read in all."""
        items = len(streams[0])
        count = min(items, self.rows)
        with self._lock:
            self._frames[:, : self.rows - count] = self._frames[:, count:]
            for kept, stream in zip(self._frames, streams, strict=True):
                kept[self.rows - count :] = stream[items - count : items]
            self._end = end

    def newest(self):
        """Return (index behind the last frame, frames [inputs, up to rows, pixels])."""
        with self._lock:
            have = min(self._end, self.rows)
            return self._end, self._frames[:, self.rows - have :].copy()


class image_viewer(guarded_block):
    """Show what streams of images hold at the same frames, each in a column.

    The stream never waits for the window: work() copies the newest frames, and a timer
    of the window's thread paints them. An image that is not finite is hatched.

    Inputs: images, float32 [pixels], values of 0..1; one for each title, aligned

    Args:
        image_shape: (rows, columns) of an image; a semantic link has it.
        titles: of the columns, with commas between them: 1 to 6.
        rows: how many frames that follow each other are shown, at most 16.
        frame_rate: how often a second new frames are shown, at most 30.
    """

    def __init__(self, image_shape, titles="images", rows=3, frame_rate=10):
        shape = _checked_shape(image_shape)
        self._titles = _checked_titles(titles)
        if isinstance(rows, bool) or rows not in range(1, MOST_ROWS + 1):
            raise ValueError(
                f"rows = {rows!r}, wanted a whole number of frames, 1..{MOST_ROWS}"
            )
        if not 0 < frame_rate <= FASTEST:
            raise ValueError(
                f"frame_rate = {frame_rate!r}, wanted more than 0 and at most "
                f"{FASTEST} a second; an eye follows no more"
            )
        item = (np.float32, shape[0] * shape[1])
        guarded_block.__init__(self, "image_viewer", [item] * len(self._titles), None)
        self._frame_rate, self._window = frame_rate, None
        self._frames = NewestFrames(len(self._titles), int(rows), shape)
        self.set_log_level("warn")

    def qwidget(self):
        """Return the widget; the first call makes it, in the thread of the window."""
        if self._window is None:
            self._window = image_window(self._frames, self._titles, self._frame_rate)
        return self._window

    def newest(self):
        """Return (frames read, the newest ones [inputs, up to rows, pixels])."""
        return self._frames.newest()

    def start(self):
        self._frames.clear()
        return True

    def work(self, input_items, output_items):
        items = min(map(len, input_items))
        self._frames.put(
            [stream[:items] for stream in input_items], self.nitems_read(0) + items
        )
        return items


def _checked_shape(image_shape):
    try:
        shape = tuple(int(extent) for extent in image_shape)
    except (TypeError, ValueError):
        shape = ()
    if len(shape) != 2 or not all(1 <= extent <= 256 for extent in shape):
        raise ValueError(
            f"image_shape = {image_shape!r}, wanted (rows, columns) of 1..256; "
            "take image_shape of the semantic link"
        )
    return shape


def _checked_titles(titles):
    found = [title.strip() for title in str(titles).split(",")]
    if not all(found) or len(found) > MOST_INPUTS:
        raise ValueError(
            f"titles = {titles!r} names {len(found)} columns; wanted 1..{MOST_INPUTS} "
            "titles with commas between them, none of them empty"
        )
    return found
