# SPDX-License-Identifier: GPL-3.0-or-later
"""Bob's module, which undoes what Alice's module does."""

import contextlib
from itertools import pairwise

import numpy as np
import pmt
from advphy_model.link.arn import BobModule
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.randomness import checked_index

from ..block_errors import guarded_block
from ..transmit.alice_arn import KEY_TAG
from ..transmit.alice_arn import TAG as ALICE_TAG
from .burst_synchronizer import TAG as FRAME_TAG

INSERT = ("follow", "always", "never")


class bob_arn(guarded_block):
    """Put out x^ = y - F(y); on a keyed link, Q_k^T is applied to y first.

    Input:  received vectors, complex64 [n]
    Output: codes for the semantic decoder, complex64 [n]
    Message port "keys": a dictionary with wrong, repeated and lost, when one changed.

    An "alice" tag of another pairing ends the flowgraph with an error. Items under a
    key that is wrong (its check differs) or repeated (its index was used before) are
    put out as NaN, which decoder and meters count as erasures, until a correct tag
    arrives. Where messages were lost, Bob continues with the index of Alice's "key" tag
    or, over the air, with that of the next burst's "frame" tag.

    Args:
        model: semantic link with a pair, or its name or file.
        insert: "follow" Alice's tags, "always", or "never".
        secret: 32 bytes, for a keyed link.
        first_frame: index of the first item, unless a tag gives another.
        latency: largest number of items in one call of work().
    """

    def __init__(
        self, model, insert="follow", secret=None, first_frame=0, latency=6000
    ):
        model = SemanticLink.load(model)
        item = (np.complex64, (model.n,))
        guarded_block.__init__(self, "bob_arn", [item], [item])
        self._module, self._model = BobModule(model, secret), model
        self._first_frame = checked_index("first_frame", first_frame)
        self.set_insert(insert)
        self._index = self._first_frame  # of the next item
        self._highest = self._first_frame - 1  # highest index that was used
        self._counts = {"wrong": 0, "repeated": 0, "lost": 0}
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
        """Return the counts: items put out as NaN (wrong, repeated), indices lost."""
        return dict(self._counts)

    def start(self):
        self._following = False  # whether Alice's module is inserted
        self._fault = None
        return True

    def work(self, input_items, output_items):
        y, out = input_items[0], output_items[0]
        before, by_item = self.keys(), {}
        for item, *tag in self.tags_of(len(y), ALICE_TAG, FRAME_TAG, KEY_TAG):
            by_item.setdefault(item, []).append(tag)
        for begin, end in pairwise(sorted({0, *by_item, len(y)})):
            for key, value in by_item.get(begin, ()):
                self._take(key, value)
            self._pass(y[begin:end], out[begin:end])
        if self.keys() != before:
            self.message_port_pub(pmt.intern("keys"), pmt.to_pmt(self.keys()))
        return len(out)

    def _take(self, key, value):
        if key == ALICE_TAG:
            if value["pairing"] != self._model.pairing:
                raise ValueError(
                    f"Alice's module has pairing {value['pairing']}, Bob's of "
                    f"'{self._model.name}' has {self._model.pairing}; give both the "
                    "same semantic link"
                )
            self._following = value["inserted"]
        elif key == FRAME_TAG:
            self._go_to(value["index"])
        elif self._module.keying is not None:
            self._check_key(value["index"], value["check"])

    def _check_key(self, index, check):
        """Compare the check of Alice's key with that of Bob's key."""
        expected = ""
        with contextlib.suppress(ValueError):  # no message has that index
            expected = f"{int(self._module.keying.checks(index, 1)[0]):016x}"
        # A burst header has room for the first digits only.
        if not check or not expected.startswith(check):
            self._fault = "wrong"
            return
        self._fault = None
        self._go_to(index)

    def _go_to(self, index):
        """Set the index of the next item, as a burst or a key gives it."""
        if self._fault != "wrong":
            keyed = self._module.keying is not None
            repeated = keyed and index <= self._highest
            self._fault = "repeated" if repeated else None
            if self._fault is None and index > self._index:
                self._counts["lost"] += index - self._index
        self._index = index

    def _pass(self, y, out):
        follows = self._insert == "follow" and self._following
        if not follows and self._insert != "always":
            out[:] = y
        elif self._fault is not None:
            out[:] = np.nan
            self._counts[self._fault] += len(y)
        else:
            self._module.run(y, self._index, out)
            self._highest = max(self._highest, self._index + len(y) - 1)
        self._index += len(y)
