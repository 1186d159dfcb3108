# SPDX-License-Identifier: GPL-3.0-or-later
"""Base class of the channels: it adds noise and tags new settings."""

import numpy as np
import pmt
from advphy_model.air.channels import canonical
from advphy_model.air.channels import channel as channel_of
from advphy_model.randomness import checked_index, checked_seed
from gnuradio import gr

from ..block_errors import guarded_block

TAG = "channel"


class noisy_channel(guarded_block):
    """Pass vectors through a channel whose noise level may change while it runs.

    A subclass implements noise_variance(level), per real dimension, which raises
    ValueError if the level is invalid.

    Class attributes:
        LEVEL: name of the level in the tag.

    Args:
        name: name of the block; seed, first_block, kind and latency: see `channel`.
        n: number of channel uses of an item.
        level: level that determines the noise, in dB.
    """

    def __init__(self, name, n, level, seed, first_block, kind, latency):
        item = (np.complex64, n)
        inputs = gr.py_io_signature(1, 2, [item, item])
        guarded_block.__init__(self, name, inputs, [item])
        self._apply, self._kind = channel_of(kind), canonical(kind)
        self._seed = checked_seed(seed)
        self._first_block = checked_index("first_block", first_block)
        self._tagged = None
        self.set_level(level)
        self.size_buffers(latency, 8 * n)

    def set_level(self, level):
        """Set the level in dB, from the next call of work() on."""
        self.noise_variance(level)  # raises ValueError if it is invalid
        self._level = float(level)

    def level(self):
        """Return the level in dB."""
        return self._level

    def start(self):
        self._tagged = None
        return True

    def work(self, input_items, output_items):
        level = self._level  # one setting for the whole call
        written = self.nitems_written(0)
        if level != self._tagged:
            settings = {
                self.LEVEL: level,
                "noise_variance": self.noise_variance(level),
                "kind": self._kind,
            }
            self.add_item_tag(0, written, pmt.intern(TAG), pmt.to_pmt(settings))
            self._tagged = level
        size = len(output_items[0])
        self._apply(
            input_items[0][:size],
            output_items[0],
            seed=self._seed,
            first_block=self._first_block + written,
            noise_variance=self.noise_variance(level),
            p=input_items[1][:size] if len(input_items) == 2 else None,
        )
        return size
