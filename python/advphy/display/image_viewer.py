# SPDX-License-Identifier: GPL-3.0-or-later
"""Image viewer: streams of images side by side in a window, the newest of each."""

import threading

import numpy as np
from gnuradio import gr

from ..guard import guarded_block
from .image_window import FASTEST, image_window

MOST_INPUTS = 6
MOST_ROWS = 16


class NewestFrames:
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


class image_tap(guarded_block):
    """Pass a stream of images by, and give NewestFrames those that it wants."""

    def __init__(self, frames, port):
        pixels = frames.image_shape[0] * frames.image_shape[1]
        guarded_block.__init__(self, "image_tap", [(np.float32, pixels)], None)
        self._frames, self._port = frames, port
        self.set_log_level("warn")

    def start(self):
        self._frames.restart(self._port)
        return True

    def work(self, input_items, output_items):
        self._frames.put(self._port, input_items[0], self.nitems_read(0))
        return len(input_items[0])


class image_viewer(gr.hier_block2):
    """Show what streams of images hold at the same frames, each in a column.

    The streams wait neither for the window nor for each other: work() copies the newest
    frames, and a timer of the window's thread paints them. An image that is not finite
    is hatched.

    Inputs: images, float32 [pixels], values of 0..1; one for each title, frame i of all
        belongs together

    Args:
        image_shape: (rows, columns) of an image; a semantic link has it.
        titles: of the columns, with commas between them: 1 to 6.
        rows: how many frames that follow each other are shown, at most 16.
        frame_rate: pictures a second, at most 30; more than 20 count as 20.
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
        inputs, item_bytes = len(self._titles), 4 * shape[0] * shape[1]
        gr.hier_block2.__init__(
            self,
            "image_viewer",
            gr.io_signature(inputs, inputs, item_bytes),
            gr.io_signature(0, 0, 0),
        )
        self._frame_rate, self._window = frame_rate, None
        self._frames = NewestFrames(inputs, int(rows), shape)
        self.taps = [image_tap(self._frames, port) for port in range(inputs)]
        for port, tap in enumerate(self.taps):
            self.connect((self, port), tap)

    def qwidget(self):
        """Return the widget; the first call makes it, in the thread of the window."""
        if self._window is None:
            self._window = image_window(self._frames, self._titles, self._frame_rate)
        return self._window

    def newest(self):
        """Return (index behind the last frame, frames [inputs, up to rows, pixels])."""
        return self._frames.newest()


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
