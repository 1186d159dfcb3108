# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of a block's streams, and the origin that the blocks after a sender check.

A sender tags its first item after each start with an Origin: what the blocks after it
must have been given, too. The tag passes all blocks that put out an item for each item,
and ZMQ with pass_tags; a burst synchronizer puts it out again. A stream without it,
such as that of a file, is not checked.
"""

import contextlib
import re
import reprlib
import zlib
from typing import NamedTuple

import numpy as np
import pmt
from advphy_model.checked_values import is_number, is_whole
from advphy_model.randomness import checked_seed

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


def _sendable(settings):
    try:
        pmt.to_pmt({str(key): value for key, value in settings.items()})
    except Exception:  # of any kind, such as RecursionError
        return False
    return True


def _is_whole(value):
    return isinstance(value, int) and is_whole(value, 0, 2**63)


_HEX = re.compile("([0-9a-f]{2})*")
_SETTINGS = "a dictionary of texts, bools and Python's numbers within 63 bits"
_PLAIN = (*LINK_SETTINGS, EVE_TAG)  # tags with fields of any name
_RULES = [  # (tags by their values and fields of the others, rule, test)
    ({ERASURES_TAG, "index", "number", "missed"}, "a whole number >= 0", _is_whole),
    ({MODEL_TAG, *KEYS, "pairing", "suspicious"}, "a text", lambda x: type(x) is str),
    ({"nonce", "seed_check"}, "hexadecimal", lambda x: _HEX.fullmatch(str(x))),
    ({"snr_db", "arrived"}, "a number", is_number),
    ({"inserted"}, "True or False", lambda x: isinstance(x, bool)),
    ({*_PLAIN, ALICE_TAG}, _SETTINGS, _sendable),
]
_SENDERS = {  # and the fields that no tag may lack
    FRAME_TAG: ("a burst synchronizer", "index"),
    ALICE_TAG: ("Alice", "inserted", "pairing"),
    KEY_TAG: ("Alice", "index"),
    ERASURES_TAG: ("a decoder",),
}


def checked_settings(settings):
    """Return a copy of settings, or {} for None; ValueError unless PMT can hold it."""
    if isinstance(settings, dict):
        whole = settings.items()
        settings = {k: v.item() if isinstance(v, np.generic) else v for k, v in whole}
    if settings is not None and not _sendable(settings):
        given = reprlib.repr(settings)
        raise ValueError(f"settings must be {_SETTINGS}, or None, got {given}")
    return settings or {}


def _value_of(key, value, needs):
    """Return the value of a tag; ValueError if it breaks a rule."""
    with contextlib.suppress(ValueError):  # of kinds that no rule allows
        value = pmt.to_python(value)
    sender, *needed = _SENDERS.get(key, ("its block",))
    found = dict.fromkeys([*needed, *needs] if key == FRAME_TAG else needed)
    found |= value if isinstance(value, dict) and key not in _PLAIN else {}
    for field, part in (found | {key: value}).items():
        for names, rule, holds in _RULES:
            if field in names and not holds(part):
                must = "be" if field == key else f"have {field},"
                raise ValueError(
                    f"tag '{key}' must {must} {rule}, as {sender} sets it, got "
                    f"{reprlib.repr(value)}; give tags of your own another key"
                )
    return value


def of_link(model):
    """Return the Origin of codewords, equal for links with the same codewords."""
    return Origin("link", model.name, model.code_sha256[:16])


def of_seed(seed, k):
    """Return the Origin of random messages of k bits."""
    seed = checked_seed(seed)
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

    def tags_of(self, size, *keys, needs=(), port=0):
        """Return sorted [(item, key, value)] of the tags with these keys.

        They are those of the first `size` items of an input of this call. ValueError if
        one is not as its sender writes it, or lacks a field that the block needs.
        """
        read, found = self.nitems_read(port), []
        tags = self.get_tags_in_window(port, 0, size)
        for tag in sorted(tags, key=lambda tag: tag.offset):
            key = next((k for k in keys if pmt.eq(tag.key, pmt.intern(k))), None)
            if key is not None:
                found.append((tag.offset - read, key, _value_of(key, tag.value, needs)))
        return found
