# SPDX-License-Identifier: GPL-3.0-or-later
"""Message source: random messages that are a pure function of seed and index."""

import numpy as np
from advphy_model import kernels
from advphy_model.link.links import load
from advphy_model.randomness import checked_index, checked_seed

from ..block_errors import DONE, guarded_block
from ..stream_tags import of_seed


class message_source(guarded_block):
    """Send random messages, uniformly distributed over 0..M-1.

    Output: messages, uint8
    Tag:    "advphy_origin" on the first item, by which later blocks detect another seed

    Args:
        model: link model, or its name or file; its k is used.
        seed: seed, from which the error counter re-creates the messages.
        first_block: index of the first message.
        blocks: number of messages to send, or None: without end.
        latency: largest number of items in one call of work().
    """

    def __init__(self, model, seed=1, first_block=0, blocks=None, latency=65536):
        guarded_block.__init__(self, "message_source", None, [np.uint8])
        self._k, self._seed = load(model).k, checked_seed(seed)
        self.first_index = checked_index("first_block", first_block)
        self._blocks = None if blocks is None else checked_index("blocks", blocks)
        self.sent = (of_seed(self._seed, self._k),)
        self.size_buffers(latency, 1)

    def work(self, input_items, output_items):
        out, written = output_items[0], self.nitems_written(0)
        if self._blocks is not None:
            out = out[: self._blocks - written]
            if not len(out):
                return DONE
        kernels.messages(self._seed, self.first_index + written, self._k, out)
        return len(out)
