# SPDX-License-Identifier: GPL-3.0-or-later
"""Channel: noise at a set Eb/N0, changeable while the flowgraph runs."""

import numpy as np
import pmt
from advphy_model.channels import channel as channel_of
from advphy_model.links import load
from advphy_model.power import noise_variance
from advphy_model.randomness import checked_index, checked_seed
from gnuradio import gr

from ..guard import guarded_block

TAG = "channel"


class channel(guarded_block):
    """Pass codewords through a channel.

    Input 0: codewords, complex64 [n]
    Input 1: perturbation, complex64 [n], optional; added behind the noise
    Output: received vectors, complex64 [n]
    Tags:   "channel" on the first item under new settings: a dictionary with ebn0_db,
            noise_variance (per real dimension) and kind. The error counter opens a
            new segment there.

    Args:
        model: link model, or the name or file of one; gives n and the rate.
        ebn0_db: Eb/N0 in dB; set_ebn0_db changes it at an item boundary.
        seed: of the noise, a pure function of seed and index of the block.
        first_block: index of the first item.
        kind: name of a channel in advphy_model/channels.
        latency: the most items in one call of work().
    """

    def __init__(
        self, model, ebn0_db=6.0, seed=1, first_block=0, kind="awgn", latency=65536
    ):
        model = load(model)
        item = (np.complex64, model.n)
        inputs = gr.py_io_signature(1, 2, [item, item])
        guarded_block.__init__(self, "channel", inputs, [item])
        self._apply = channel_of(kind)
        self._kind, self._rate = kind, model.rate
        self._seed = checked_seed(seed)
        self._first_block = checked_index("first_block", first_block)
        self._tagged_db = None
        self.set_ebn0_db(ebn0_db)
        self.size_buffers(latency, 8 * model.n)

    def set_ebn0_db(self, ebn0_db):
        """Set Eb/N0 in dB from the next call of work() on."""
        noise_variance(ebn0_db, self._rate)  # refuses what is not a sensible Eb/N0
        self._ebn0_db = float(ebn0_db)

    def ebn0_db(self):
        """Return Eb/N0 in dB."""
        return self._ebn0_db

    def start(self):
        self._tagged_db = None
        return True

    def work(self, input_items, output_items):
        ebn0_db = self._ebn0_db  # one setting for the whole call
        written = self.nitems_written(0)
        if ebn0_db != self._tagged_db:
            self.add_item_tag(0, written, pmt.intern(TAG), self._settings(ebn0_db))
            self._tagged_db = ebn0_db
        size = len(output_items[0])
        self._apply(
            input_items[0][:size],
            output_items[0],
            seed=self._seed,
            first_block=self._first_block + written,
            rate=self._rate,
            ebn0_db=ebn0_db,
            p=input_items[1][:size] if len(input_items) == 2 else None,
        )
        return size

    def _settings(self, ebn0_db):
        return pmt.to_pmt(
            {
                "ebn0_db": ebn0_db,
                "noise_variance": noise_variance(ebn0_db, self._rate),
                "kind": self._kind,
            }
        )
