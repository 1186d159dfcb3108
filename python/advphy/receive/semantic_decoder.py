# SPDX-License-Identifier: GPL-3.0-or-later
"""Semantic decoder: channel and semantic decoder in one, from vectors to images."""

import numpy as np
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.network.packed_network import PackedNetwork

from ..block_errors import guarded_block
from ..stream_tags import of_link


class semantic_decoder(guarded_block):
    """Decode images [arn, eq. 7-8].

    Input:  received vectors, complex64 [n]
    Output: images, float32 [pixels], values in 0..1; NaN where a sample is not finite

    Args:
        model: semantic link, or its name or file.
        latency: largest number of items in one call of work().
    """

    def __init__(self, model, latency=6000):
        model = SemanticLink.load(model)
        images, codes = [(np.float32, (model.pixels,))], [(np.complex64, (model.n,))]
        guarded_block.__init__(self, "semantic_decoder", codes, images)
        self._decoder = PackedNetwork(model.decoder, complex_input=True)
        self.expected = (of_link(model),)
        self.size_buffers(latency, 4 * model.pixels)

    def work(self, input_items, output_items):
        self._decoder.run(input_items[0], output_items[0])
        return len(output_items[0])
