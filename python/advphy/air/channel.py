# SPDX-License-Identifier: GPL-3.0-or-later
"""Channel: noise at a set Eb/N0, and the base class of the channels."""

import numpy as np
from advphy_model import power
from advphy_model.air.channels import canonical
from advphy_model.air.channels import channel as channel_of
from advphy_model.link.links import load
from advphy_model.randomness import checked_index, checked_seed
from gnuradio import gr

from ..block_errors import guarded_block
from ..stream_tags import CHANNEL_TAG


class noisy_channel(guarded_block):
    """Pass vectors through a channel whose noise level may change while it runs.

    A subclass has LEVEL, the name of the level in the tag, in dB, and
    noise_variance(level), per real dimension; ValueError if the level is invalid.
    """

    def __init__(self, n, level, seed, first_block, kind, latency):
        item = (np.complex64, (n,))
        inputs = gr.py_io_signature(1, 2, [item, item])
        guarded_block.__init__(self, type(self).__name__, inputs, [item])
        self._apply, self._kind = channel_of(kind), canonical(kind)
        self._seed = checked_seed(seed)
        self.first_index = checked_index("first_block", first_block)
        self.set_level(level)
        self.size_buffers(latency, 8 * n)

    def set_level(self, level):
        """Set the level (Eb/N0 or SNR) in dB, from the next call of work() on."""
        self.noise_variance(level)  # raises ValueError if it is invalid
        self._level = float(level)

    def level(self):
        """Return the level (Eb/N0 or SNR) in dB."""
        return self._level

    def start(self):
        self._tagged = None
        return True

    def work(self, input_items, output_items):
        level = self._level  # one setting for the whole call
        written, size = self.nitems_written(0), len(output_items[0])
        noise = {"noise_variance": self.noise_variance(level)}
        if level != self._tagged:
            settings = {self.LEVEL: level, **noise, "kind": self._kind}
            self.tag_item(written, CHANNEL_TAG, settings)
            self._tagged = level
        at = {"seed": self._seed, "first_block": self.first_index + written}
        p = input_items[1][:size] if len(input_items) == 2 else None
        self._apply(input_items[0][:size], output_items[0], **at, **noise, p=p)
        return size


class channel(noisy_channel):
    """Pass codewords through a channel.

    Input 0: codewords, complex64 [n]
    Input 1: perturbation, complex64 [n], optional; added after the noise
    Output: received vectors, complex64 [n]
    Tags:   "channel" on the first item under new settings: a dictionary with ebn0_db,
            noise_variance (per real dimension) and kind. The error counter begins a
            new segment there.

    Args:
        model: link model, or its name or file; its n and rate are used.
        ebn0_db: Eb/N0 in dB; set_ebn0_db changes it at an item boundary.
        seed: seed of the noise, a pure function of seed and index of the block.
        first_block: index of the first item.
        kind: channel, such as "awgn" or "rayleigh_block + cfo(frequency=0.01)"; see
            advphy_model/air/channels.
        latency: largest number of items in one call of work().
    """

    LEVEL = "ebn0_db"

    def __init__(
        self, model, ebn0_db=6.0, seed=1, first_block=0, kind="awgn", latency=65536
    ):
        model = load(model)
        self._rate = model.rate
        noisy_channel.__init__(self, model.n, ebn0_db, seed, first_block, kind, latency)

    def noise_variance(self, ebn0_db):
        """Return the noise variance per real dimension at an Eb/N0 in dB."""
        return power.noise_variance(ebn0_db, self._rate)

    set_ebn0_db = noisy_channel.set_level
    ebn0_db = noisy_channel.level
