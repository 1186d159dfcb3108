# SPDX-License-Identifier: GPL-3.0-or-later
"""Semantic encoder: maps images to codes; semantic and channel encoder in one."""

import numpy as np
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.network.packed_network import PackedNetwork

from ..block_errors import guarded_block
from ..stream_tags import of_link


class semantic_encoder(guarded_block):
    """Encode images [arn, eq. 4-5].

    Input:  images, float32 [pixels], values in 0..1
    Output: codes, complex64 [n], mean x_i^2 = 1 per real dimension
    Tag:    "advphy_origin" on the first item, by which later blocks detect another link

    Args:
        model: semantic link, or its name or file.
        latency: largest number of items in one call of work().
    """

    def __init__(self, model, latency=6000):
        model = SemanticLink.load(model)
        images, codes = [(np.float32, (model.pixels,))], [(np.complex64, (model.n,))]
        guarded_block.__init__(self, "semantic_encoder", images, codes)
        self._encoder = PackedNetwork(model.encoder, complex_output=True)
        self.sent = (of_link(model),)
        self.size_buffers(latency, 8 * model.n)

    def work(self, input_items, output_items):
        self._encoder.run(input_items[0], output_items[0])
        return len(output_items[0])
