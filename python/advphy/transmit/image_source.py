# SPDX-License-Identifier: GPL-3.0-or-later
"""Image source: repeats the images of a data set in order."""

import numpy as np
from advphy_model.files import images as data_sets
from advphy_model.randomness import checked_index

from ..block_errors import DONE, guarded_block
from ..stream_tags import of_images


class image_source(guarded_block):
    """Send images; item i is image i modulo the size of the data set.

    Output: images, float32 [rows * columns], values in 0..1
    Tag:    "advphy_origin" on the first item, by which the meters detect other images

    Args:
        images: Images, or the name of a data set such as mnist_sample, from which the
            meters re-create the images that were sent.
        first_frame: index of the first item.
        frames: number of images to send, or None: without end.
        latency: largest number of items in one call of work().
    """

    def __init__(self, images="mnist_sample", first_frame=0, frames=None, latency=6000):
        images = data_sets.load(images)
        self._pixels = images.as_reals()
        pixels = self._pixels.shape[1]
        guarded_block.__init__(self, "image_source", None, [(np.float32, (pixels,))])
        self.first_index = checked_index("first_frame", first_frame)
        self._frames = None if frames is None else checked_index("frames", frames)
        self.sent = (of_images(images),)
        self.size_buffers(latency, 4 * pixels)

    def work(self, input_items, output_items):
        out, written = output_items[0], self.nitems_written(0)
        if self._frames is not None:
            out = out[: self._frames - written]
            if not len(out):
                return DONE
        first = (self.first_index + written) % len(self._pixels)
        wanted = np.arange(first, first + len(out))
        self._pixels.take(wanted, axis=0, out=out, mode="wrap")
        return len(out)
