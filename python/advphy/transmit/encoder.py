# SPDX-License-Identifier: GPL-3.0-or-later
"""Encoder: maps messages to codewords."""

import numpy as np
from advphy_model.link import decision
from advphy_model.link.links import load

from ..block_errors import guarded_block
from ..stream_tags import of_link


class encoder(guarded_block):
    """Send the codeword of each message.

    Input:  messages, uint8, each in 0..M-1; another value ends the flowgraph
    Output: codewords, complex64 [n], mean energy n
    Tag:    "advphy_origin" on the first item, by which later blocks detect another link

    Args:
        model: link model, or its name or file.
        latency: largest number of items in one call of work().
    """

    def __init__(self, model, latency=65536):
        model = load(model)
        guarded_block.__init__(
            self, "encoder", [np.uint8], [(np.complex64, (model.n,))]
        )
        self._codebook = decision.encoder(model)
        self.sent = (of_link(model),)
        self.size_buffers(latency, 8 * model.n)

    def work(self, input_items, output_items):
        self._codebook.look_up(input_items[0], output_items[0])
        return len(output_items[0])
