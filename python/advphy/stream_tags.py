# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of a block's streams, and the origin that the blocks after a sender check.

A sender tags its first item after each start with an Origin: what the blocks after it
must have been given, too. The tag passes all blocks that put out an item for each item,
and ZMQ with pass_tags; a burst synchronizer puts it out again. A stream without it,
such as that of a file, is not checked.
"""

import zlib
from typing import NamedTuple

import numpy as np
import pmt

# Keys of the tags that other blocks read, too; each is described where it is written.
ORIGIN = "advphy_origin"  # other modules may have tags named origin
MODEL_TAG = "advphy_model"  # SHA-256, on the first sample of a modulator
FRAME_TAG, ERASURES_TAG = "frame", "erasures"
ALICE_TAG, KEY_TAG, EVE_TAG = "alice", "key", "eve"
CHANNEL_TAG, PERTURBATION_TAG, CANCELLER_TAG = "channel", "perturbation", "canceller"
LINK_SETTINGS = (CHANNEL_TAG, PERTURBATION_TAG, CANCELLER_TAG)  # of a segment


class Origin(NamedTuple):
    """What a sender was given, and what it is compared by."""

    what: str  # "link", "seed" or "images"
    name: str  # of it, for error texts
    check: str


KEYS = {*Origin._fields, "block"}  # of the dictionary in a tag


def of_link(model):
    """Return the Origin of codewords, equal for links with the same codewords."""
    return Origin("link", model.name, model.code_sha256[:16])


def of_seed(seed, k):
    """Return the Origin of random messages of k bits."""
    return Origin("seed", f"{seed} for {k} bits", f"{seed} {k}")


def of_images(images):
    """Return the Origin of Images, whose name and labels do not matter."""
    check = f"{images.shape} {zlib.crc32(np.ascontiguousarray(images.pixels)):08x}"
    return Origin("images", images.name, check)


class tagging_block:
    """Part of a block that reads and writes the tags of its streams.

    `sent` are the Origins of which the first item after each start is tagged. Those of
    `expected` are compared with the tags of input 0, until one agrees: another one
    raises ValueError, unless the same call of work() also has the expected one, because
    streams may have been added.
    """

    _tagged = None
    sent = expected = _unsent = _unmet = ()

    def start(self):
        self.forget_origins()
        return True

    def forget_origins(self):
        """Write and compare origins again, as after a start."""
        self._unsent, self._unmet = self.sent, self.expected

    def meet_origins(self, input_items):
        """Write and compare the origins of this call of work()."""
        for origin in self._unsent:
            tag = origin._asdict() | {"block": self.alias()}
            self.tag_item(self.nitems_written(0), ORIGIN, tag)
        self._unsent, tags = (), ()
        if self._unmet and input_items:
            size = len(input_items[0])
            tags = [tag for *_, tag in self.tags_of(size, ORIGIN)]
            tags = [t for t in tags if isinstance(t, dict) and t.keys() >= KEYS]
        for wanted in self._unmet if tags else ():
            found = {tag["check"]: tag for tag in tags if tag["what"] == wanted.what}
            if wanted.check in found:
                self._unmet = tuple(each for each in self._unmet if each != wanted)
            elif found:
                what, other = wanted.what, next(iter(found.values()))
                raise ValueError(
                    f"{self.alias()} has {what} {wanted.name}, but {other['block']} "
                    f"sends {what} {other['name']}; give both blocks the same {what}"
                )

    def tag_item(self, offset, key, value):
        """Tag the item of output 0 at an offset with a value that PMT can hold."""
        self.add_item_tag(0, offset, pmt.intern(key), pmt.to_pmt(value))

    def exchangeable(self, key):
        """Return the part of self.exchanged, (tag, part), which any thread may set."""
        chosen = self.exchanged
        if chosen is not self._tagged:
            self._tagged = chosen
            self.tag_item(self.nitems_written(0), key, chosen[0])
        return chosen[1]

    def tag_runs(self, flags, key):
        """Tag the first of each run of set flags of this call's output: its length."""
        edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
        for begin, end in edges.reshape(-1, 2).tolist():
            self.tag_item(self.nitems_written(0) + begin, key, end - begin)

    def tags_of(self, size, *keys):
        """Return sorted [(item, key, value)] of the tags with these keys.

        They are those of the first `size` items of input 0 of this call.
        """
        read, found = self.nitems_read(0), []
        tags = self.get_tags_in_window(0, 0, size)
        for tag in sorted(tags, key=lambda tag: tag.offset):
            key = pmt.symbol_to_string(tag.key)
            if key in keys:
                found.append((tag.offset - read, key, pmt.to_python(tag.value)))
        return found
