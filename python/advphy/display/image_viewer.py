# SPDX-License-Identifier: GPL-3.0-or-later
"""Image viewer: shows the newest images of several streams side by side."""

import numpy as np
from gnuradio import gr

from ..block_errors import guarded_block
from .display_arguments import checked_count
from .display_block import window_owner
from .image_record import ImageRecord

MOST_INPUTS = 6
MOST_ROWS = 16


class image_tap(guarded_block):
    """Put a stream of images into an ImageRecord."""

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


class image_viewer(window_owner, gr.hier_block2):
    """Show streams of images in columns; all images of a row have the same index.

    The streams wait neither for the window nor for each other: work() copies the newest
    images, and a timer of the window's thread paints them. An image that is not finite
    is hatched.

    Inputs: images, float32 [pixels], values in 0..1; one input for each title

    Args:
        image_shape: (rows, columns) of an image; a semantic link has it.
        titles: 1 to 6 titles of the columns, separated by commas.
        rows: number of successive images that are shown, at most 16.
        frame_rate: pictures a second, at most 30; more than 20 count as 20.
    """

    WINDOW = ("image_window", "ImageWindow")

    def __init__(self, image_shape, titles="images", rows=3, frame_rate=10):
        shape = _checked_shape(image_shape)
        self._titles = _checked_titles(titles)
        rows = checked_count("rows", rows, MOST_ROWS, "images")
        self.set_window(self._titles, frame_rate)
        inputs, none = len(self._titles), gr.io_signature(0, 0, 0)
        images = gr.io_signature(inputs, inputs, 4 * shape[0] * shape[1])
        gr.hier_block2.__init__(self, "image_viewer", images, none)
        self.record = ImageRecord(inputs, rows, shape)
        self.taps = [image_tap(self.record, port) for port in range(inputs)]
        for port, tap in enumerate(self.taps):
            self.connect((self, port), tap)

    def newest(self):
        """Return (index after the last image, images [inputs, up to rows, pixels])."""
        return self.record.newest()


def _checked_shape(image_shape):
    try:
        shape = tuple(int(extent) for extent in image_shape)
    except (TypeError, ValueError):
        shape = ()
    if len(shape) != 2 or not all(1 <= extent <= 256 for extent in shape):
        raise ValueError(
            "image_shape must be (rows, columns), each in 1..256, got "
            f"{image_shape!r}; give image_shape of the semantic link"
        )
    return shape


def _checked_titles(titles):
    names = [title.strip() for title in str(titles).split(",")]
    if not all(names) or len(names) > MOST_INPUTS:
        raise ValueError(
            f"titles = {titles!r} names {len(names)} columns; give 1..{MOST_INPUTS} "
            "titles separated by commas, none of them empty"
        )
    return names
