# SPDX-License-Identifier: GPL-3.0-or-later
"""Decoder: decides a message for each received vector."""

import numpy as np
from advphy_model.link import decision
from advphy_model.link.links import load

from ..block_errors import guarded_block
from ..stream_tags import ERASURES_TAG, of_link


class Erasures:
    """Runs of erased messages in a decoder's stream, from its tags."""

    def __init__(self):
        self._until = 0  # offset after the last run

    def flags(self, tags, size, read):
        """Return flags of the next items, bool [size], or None if none is erased.

        `tags` are tags_of() these items; `read` is the number of items before them.
        """
        runs = [(at, at + length) for at, key, length in tags if key == ERASURES_TAG]
        runs.append((0, self._until - read))  # of earlier calls
        erased = None
        for begin, end in runs:
            if begin < end:
                erased = np.zeros(size, bool) if erased is None else erased
                erased[begin:end] = True
                self._until = max(self._until, read + end)
        return erased


class decoder(guarded_block):
    """Decide which message was sent.

    Input:  received vectors, complex64 [n]
    Output: messages, uint8, each in 0..M-1
    Tags:   "erasures" on the first block of a run of blocks with a sample that is not
            finite: the length of the run. These blocks are put out as message 0.

    Args:
        model: link model, or its name or file; it decides by a network, the nearest
            codeword, or a hard decision.
        latency: largest number of items in one call of work().
    """

    def __init__(self, model, latency=65536):
        model = load(model)
        guarded_block.__init__(
            self, "decoder", [(np.complex64, (model.n,))], [np.uint8]
        )
        self._decision = decision.decider(model)
        self.expected = (of_link(model),)
        self.size_buffers(latency, 1)

    def work(self, input_items, output_items):
        out = output_items[0]
        erased = np.empty(len(out), np.uint8)
        if self._decision.decide(input_items[0], out, erased):
            self.tag_runs(erased, ERASURES_TAG)
        return len(out)
