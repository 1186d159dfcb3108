# SPDX-License-Identifier: GPL-3.0-or-later
"""Eve: the eavesdropper, who reads labels from received vectors."""

import numpy as np
from advphy_model.complex_baseband import channel_uses
from advphy_model.link.eavesdropper import ERASED, Eve
from advphy_model.network.packed_network import PackedNetwork, classifier
from gnuradio import gr

from ..block_errors import guarded_block


class eve(guarded_block):
    """Classify received vectors; an Eve with an image decoder also decodes images.

    Input:    received vectors, complex64 [n]
    Output 0: labels, uint8; 255 for an item with a sample that is not finite
    Output 1: images, float32 [pixels], optional; needs an image decoder

    Args:
        model: Eve, or her name or file.
        latency: largest number of items in one call of work().
    """

    def __init__(self, model, latency=6000):
        model = Eve.load(model)
        n, decoder = channel_uses(model.reals), model.networks.get("image_decoder")
        outputs = [np.uint8]
        if decoder is not None:
            outputs.append((np.float32, (model.pixels,)))
        signature = gr.py_io_signature(1, len(outputs), outputs)
        guarded_block.__init__(self, "eve", [(np.complex64, (n,))], signature)
        self._classifier = classifier(model.networks["classifier"])
        if decoder is not None:
            self._decoder = PackedNetwork(decoder, complex_input=True)
        self.size_buffers(latency, max(1, 4 * model.pixels))

    def work(self, input_items, output_items):
        y, labels = input_items[0], output_items[0]
        erased = np.empty(len(labels), np.uint8)
        if self._classifier.decide(y, labels, erased):
            labels[erased == 1] = ERASED
        if len(output_items) == 2:
            self._decoder.run(y, output_items[1])
        return len(labels)
