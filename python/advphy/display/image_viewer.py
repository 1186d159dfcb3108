# SPDX-License-Identifier: GPL-3.0-or-later
"""Image viewer: shows the newest images of several streams side by side."""

import math
import threading

import numpy as np
from advphy_model.checked_values import is_whole
from advphy_model.link.semantic_link import checked_shape
from gnuradio import gr

from ..block_errors import guarded_block, kept_hier_block
from ..receive.burst_synchronizer import TAG as FRAME_TAG
from ..receive.burst_synchronizer import runs_of
from .display_block import checked_count, window_owner

MOST_INPUTS = 6
MOST_ROWS = 16


class ImageRecord:
    """The newest images that all streams have reached.

    The streams need not be at the same index: one that runs ahead, such as that of the
    sent images, does not wait. Indices that no stream has reached yet are chosen, with
    `every` the first of them a multiple of it; each stream copies its images when it
    reaches them. When all have, these images are shown and the next indices are chosen.
    An image that did not arrive is NaN.
    """

    def __init__(self, inputs, rows, image_shape, every=0):
        self.inputs, self.rows, self.image_shape = inputs, rows, image_shape
        self.every = every
        pixels = math.prod(image_shape)
        self._lock = threading.Lock()
        self._read = [0] * inputs  # index after the last image of each stream
        self._last = np.zeros((inputs, rows, pixels), np.float32)  # of each stream
        self._given = np.zeros_like(self._last)
        self._shown = 0, self._last[:, :0]
        self._choose()

    def _choose(self):
        """Choose the next indices to be shown, under the lock."""
        step = self.every or 1
        self._chosen = -(-max(self._read) // step) * step  # index of the first one
        self._given[:] = np.nan

    def restart(self, port):
        """Let a stream begin at index 0 again."""
        with self._lock:
            self._read[port] = 0
            self._choose()
            self._shown = 0, self._last[:, :0]

    def put(self, port, images, first):
        """Copy the chosen and the last of images from index `first`, [_, pixels]."""
        while self.every and len(images) > (part := self.every - first % self.every):
            self._put(port, images[:part], first)
            images, first = images[part:], first + part
        self._put(port, images, first)

    def _put(self, port, images, first):
        """Put images of which only the first may have an index that `every` divides."""
        end = first + len(images)
        rows, count = self.rows, min(len(images), self.rows)
        with self._lock:
            if first != self._read[port]:  # some are missing, or the sender began anew
                self._last[port] = np.nan
                if first < self._read[port] or not self._read[port]:
                    self._read[port] = first
                    self._choose()
            last, chosen = self._last[port], self._chosen
            last[: rows - count] = last[count:]
            last[rows - count :] = images[len(images) - count :]
            begin, stop = max(first, chosen), min(end, chosen + rows)
            if begin < stop:
                part = images[begin - first : stop - first]
                self._given[port, begin - chosen : stop - chosen] = part
            self._read[port] = end
            if min(self._read) >= chosen + rows:
                self._shown = chosen + rows, self._given.copy()
                self._choose()

    def newest(self):
        with self._lock:
            end = self._read[0]
            if not self.every and all(read == end for read in self._read):
                have = min(end, self.rows)
                self._shown = end, self._last[:, self.rows - have :].copy()
            return self._shown

    def text(self):
        """Return which images are shown, or an empty text."""
        end, images = self.newest()
        return numbered(end - images.shape[1], end)

    def state(self):
        """Return the index after the last image, which changes with each picture."""
        return self.newest()[0]


def numbered(first, end):
    """Return the indices first..end - 1 as a text, with thin spaces for thousands."""
    text = f"items {first:,} to {end - 1:,}" if end - first > 1 else f"item {first:,}"
    return text.replace(",", "\u2009") if end > first else ""


class PictureRecord:
    """The newest picture of each stream, whose bytes are drawn where they belong.

    All are drawn up to the byte that every stream has reached, unless one runs ahead by
    more than a picture.
    """

    rows = 1

    def __init__(self, inputs, image_shape):
        self.inputs, self.image_shape = inputs, image_shape
        self._read = [0] * inputs  # bytes read of each stream
        self._size = math.prod(image_shape)
        self._levels = np.zeros((inputs, 2 * self._size), np.uint8)  # the last ones

    def restart(self, port):
        """Let a stream begin with the first byte of a picture again."""
        self._read[port] = self._levels[port] = 0

    def put(self, port, levels, first):
        """Draw bytes, uint8; first is the number of bytes before them."""
        end, held = first + len(levels), self._levels.shape[1]
        levels = levels[-held:]
        self._levels[port, np.arange(end - len(levels), end) % held] = levels
        self._read[port] = end

    def newest(self):
        ends, size = list(self._read), self._size
        if max(ends) - min(ends) <= size:
            ends = [min(ends)] * self.inputs
        drawn = np.empty((self.inputs, 1, size), np.float32)
        for port, end in enumerate(ends):
            which = np.arange(end - size, end)
            drawn[port, 0, which % size] = self._levels[port, which % (2 * size)]
        return max(ends), drawn / np.float32(255)

    def text(self):
        """Return which picture is drawn, from 0 on, or an empty text."""
        pictures = -(-self.newest()[0] // self._size)
        return numbered(max(0, pictures - 1), pictures)

    def state(self):
        """Return the number of bytes, which changes with each picture."""
        return sum(self._read)


class image_tap(guarded_block):
    """Put a stream of images, or of their bytes, into a record."""

    def __init__(self, frames, port):
        item = (np.float32, (math.prod(frames.image_shape),))
        if isinstance(frames, PictureRecord):
            item = np.uint8
        guarded_block.__init__(self, "image_tap", [item], None)
        self._frames, self._port = frames, port
        self.set_log_level("warn")

    def start(self):
        self._frames.restart(self._port)
        self._next = 0  # index of the next image
        return True

    def work(self, input_items, output_items):
        items = input_items[0]
        tags = self.tags_of(len(items), FRAME_TAG)
        runs, self._next = runs_of(tags, len(items), self._next)
        for begin, end, index, _ in runs:
            self._frames.put(self._port, items[begin:end], index)
        return len(items)


class image_viewer(window_owner, kept_hier_block):
    """Show streams of images in columns; all images of a row have the same index.

    The streams wait neither for the window nor for each other: work() copies the newest
    images, and a timer of the window's thread paints them. An image that is not
    finite, or whose burst was missed ("frame" tags of the burst synchronizer give the
    index), is hatched.

    Inputs: images, float32 [pixels], values in 0..1; one input for each title. Or, if
            from_bytes, uint8: the pixels of one picture after another, row by row

    Args:
        image_shape: (rows, columns) of an image, or (rows, columns, 3) in color; a
            semantic link has it.
        titles: 1 to 6 titles of the columns, separated by commas.
        rows: number of successive images that are shown, at most 16.
        frame_rate: pictures a second, at most 30; more than 20 count as 20.
        every: 0: the newest images; N >= rows: those whose index is m N, ..., m N +
            rows - 1, until the next ones have arrived. Windows with the same N, in
            whatever program, then show the same images, but for their delay.
        from_bytes: whether the inputs are bytes. Each is drawn over the picture before
            as it arrives, so a picture appears line by line; rows and every are not
            used.
    """

    WINDOW = ("image_window", "ImageWindow")

    def __init__(
        self,
        image_shape,
        titles="images",
        rows=3,
        frame_rate=10,
        from_bytes=False,
        every=0,
    ):
        shape = checked_shape(image_shape)
        self._titles = _checked_titles(titles)
        rows = checked_count("rows", rows, MOST_ROWS, "images")
        if every != 0 and not is_whole(every, rows, 2**32 - 1):
            rule = f"0 or a whole number of images >= rows = {rows}"
            raise ValueError(f"every must be {rule}, got {every!r}")
        self.set_window(self._titles, frame_rate)
        inputs, none = len(self._titles), gr.io_signature(0, 0, 0)
        item = 1 if from_bytes else 4 * math.prod(shape)
        images = gr.io_signature(inputs, inputs, item)
        kept_hier_block.__init__(self, "image_viewer", images, none)
        self.record = ImageRecord(inputs, rows, shape, int(every))
        if from_bytes:
            self.record = PictureRecord(inputs, shape)
        self.taps = [image_tap(self.record, port) for port in range(inputs)]
        for port, tap in enumerate(self.taps):
            self.connect((self, port), tap)

    def newest(self):
        """Return (number of images or bytes, images [inputs, up to rows, pixels])."""
        return self.record.newest()


def _checked_titles(titles):
    names = [title.strip() for title in str(titles).split(",")]
    if not all(names) or len(names) > MOST_INPUTS:
        raise ValueError(
            f"titles = {titles!r} names {len(names)} columns; give 1..{MOST_INPUTS} "
            "titles separated by commas, none of them empty"
        )
    return names
