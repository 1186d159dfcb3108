# SPDX-License-Identifier: GPL-3.0-or-later
"""Bob's module, which undoes what Alice's module does."""

import logging
from itertools import pairwise

import numpy as np
import pmt
from advphy_model.link.received_keys import ReceivedKeys
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.randomness import checked_index

from ..block_errors import guarded_block
from ..stream_tags import ALICE_TAG, FRAME_TAG, KEY_TAG, of_link

INSERT = ("follow", "always", "never")


class bob_arn(guarded_block):
    """Put out x^ = y - F(y); on a keyed link, Q_k^T is applied to y first.

    Input:  received vectors, complex64 [n]
    Output: codes for the semantic decoder, complex64 [n]
    Message port "keys": a dictionary with wrong, repeated, replayed, waiting and lost,
    when one changed.

    An "alice" tag of another pairing ends the flowgraph with an error. On a keyed link,
    items under a key that is wrong (its check differs), repeated (its index was used
    before) or replayed (its nonce was, in the life of this block), and those that wait
    for a nonce, are put out as NaN, which decoder and meters count as erasures, until a
    correct tag arrives. Where messages were lost, Bob continues with the index of
    Alice's "key" tag or, over the air, with that of the next burst's "frame" tag.

    Args:
        model: semantic link with a pair, or its name or file.
        insert: "follow" Alice's tags, "always", or "never".
        secret: 32 bytes, for a keyed link.
        first_frame: index of the first item, unless a tag gives another.
        latency: largest number of items in one call of work().
        nonce: None: the one that Alice's tags carry. "none": she has none, as in
            version 0.5. 12 bytes: this one, in measurements.
    """

    def __init__(
        self,
        model,
        insert="follow",
        secret=None,
        first_frame=0,
        latency=6000,
        nonce=None,
    ):
        model = SemanticLink.load(model)
        item = (np.complex64, (model.n,))
        guarded_block.__init__(self, "bob_arn", [item], [item])
        first = self.first_index = checked_index("first_frame", first_frame)
        self._keys, self._model = ReceivedKeys(model, secret, nonce, first), model
        self.expected = (of_link(model),)
        self.set_insert(insert)
        self.start()
        self.message_port_register_out(pmt.intern("keys"))
        self.size_buffers(latency, 8 * model.n)

    def set_insert(self, insert):
        """Set "follow", "always" or "never" from the next call of work() on."""
        if insert not in INSERT:
            known = ", ".join(INSERT)
            raise ValueError(f"insert '{insert}' is not known; choose from {known}")
        self._insert = insert

    def keys(self):
        """Return the counts: items put out as NaN for each cause, indices lost."""
        return dict(self._keys.counts)

    def start(self):
        self._following = False  # whether Alice's module is inserted
        self._keys.begin()
        return True

    def work(self, input_items, output_items):
        y, out = input_items[0], output_items[0]
        before, by_item = self.keys(), {}
        for item, *tag in self.tags_of(len(y), ALICE_TAG, FRAME_TAG, KEY_TAG):
            by_item.setdefault(item, []).append(tag)
        for begin, end in pairwise(sorted({0, *by_item, len(y)})):
            self._take(dict(by_item.get(begin, ())))
            self._pass(y[begin:end], out[begin:end])
        if self.keys() != before:
            if self.keys()["replayed"] > before["replayed"] == 0:
                said = "Alice's nonce was used before: a replay is put out as NaN"
                logging.getLogger(__name__).warning("%s: %s", self.name(), said)
            self.message_port_pub(pmt.intern("keys"), pmt.to_pmt(self.keys()))
        return len(out)

    def _take(self, tags):
        """Follow the tags of an item, {key: value}."""
        alice, frame, key = map(tags.get, (ALICE_TAG, FRAME_TAG, KEY_TAG))
        if alice is not None:
            if alice["pairing"] != self._model.pairing:
                raise ValueError(
                    f"Alice's module has pairing {alice['pairing']}, Bob's of "
                    f"'{self._model.name}' has {self._model.pairing}; give both the "
                    "same semantic link"
                )
            self._following = alice["inserted"]
        if key is not None:
            nonce = bytes.fromhex(key["nonce"]) if "nonce" in key else None
            self._keys.take(key["index"], nonce, key.get("check"))
        elif frame is not None:
            self._keys.take(frame["index"])

    def _pass(self, y, out):
        follows = self._insert == "follow" and self._following
        if follows or self._insert == "always":
            self._keys.reveal(y, out)
        else:
            out[:] = y
            self._keys.skip(len(y))
