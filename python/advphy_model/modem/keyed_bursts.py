# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of keyed bursts: under which one Alice sends each, and which Bob expects.

A name is a key and what it is used for; lib/modem/keyed_symbols.h makes the symbols of
it. Each session of a modulator has a random nonce; most bursts are named by a key of
secret and nonce and by their number. Bob first looks for groups of bursts that a key of
the secret alone and a slot of time name, and takes the nonce from their headers.
"""

import hmac
import struct

import numpy as np

from advphy_model.link.keying import draw_nonce, require_secret
from advphy_model.modem.header import PARTS, NonceParts, part_of

SLOT = 0.25  # seconds; no program of Python starts twice within them
WINDOW = 8  # slots by which Bob's clock may differ from Alice's: 2 s
EVERY = 32  # bursts from one possible group to the next
_LOST = 8  # bursts after whose loss Bob waits for a group


def derive(secret: bytes, purpose: str, nonce: bytes = b"") -> bytes:
    """Return a key of 32 bytes: HKDF-SHA256 [RFC 5869] with the nonce as salt."""
    require_secret(secret)
    info = f"gr-advphy bursts 1, {purpose}\1".encode()
    return hmac.digest(hmac.digest(nonce, secret, "sha256"), info, "sha256")


def name_of(key: bytes, index: int, part: int = 0) -> bytes:
    """Return the name of a burst, 44 bytes: key, number or slot, part of a group."""
    return key + struct.pack("<QI", index, part)


class SentNames:
    """Names of the bursts of a modulator; see Modulator for the arguments."""

    def __init__(self, secret, clock):
        self._secret, self._clock = secret, clock
        self._group, self._slot = derive(secret, "group"), -1
        self.begin()

    def begin(self, nonce=None):
        """Begin a session, with the nonce of keyed codes or one of its own."""
        self.nonce = nonce or draw_nonce()
        self.session = derive(self._secret, "session", self.nonce)
        self._sent, self._grouped = 0, False

    def next(self, number):
        """Return the name of the next burst, and the nonce's part in it or None."""
        part = self._sent % EVERY
        if part == 0:  # no slot has two groups
            slot = int(self._clock() / SLOT)
            self._grouped, self._slot = slot > self._slot, max(slot, self._slot)
        self._sent += 1
        if part >= PARTS or not self._grouped:
            return name_of(self.session, number), None
        return name_of(self._group, self._slot, part), part_of(self.nonce, part)


class KeyedSearch:
    """Search of a kernels.burst_synchronizer for keyed bursts; see Synchronizer.

    The hash of the session's last burst that had one, at first model_hash, takes the
    place of the nonce in headers. `replayed` counts bursts of groups that have passed.
    """

    def __init__(self, kernel, frame, model_hash, secret, clock):
        self._kernel, self._frame, self._hash = kernel, frame, model_hash
        self._heard = model_hash  # of the last burst with a hash of this session
        self._secret, self._clock = secret, clock
        self._group, self._slot = derive(secret, "group"), -1
        self._session, self._parts = None, NonceParts()
        self._next, self._since = None, 0  # next number, last sample in step
        self._origin, self._block = 0, (-1, None)  # last block of EVERY, slot of group
        self.replayed = 0

    def push(self, samples):
        """Return what the kernel's push does; after each burst, choose the next.

        Each burst has the nonce of its session, too, or b"" if that is not known.
        """
        symbols, bursts = [], []
        while True:
            names, until = self._look(self._kernel.searched)
            self._kernel.expect(names, until)
            more, found = self._kernel.push(samples)
            samples = samples[:0]
            for header, _, *rest in found:  # one, or none
                header = self._take(self._kernel.name, header)
                if header is not None:
                    first = sum(map(len, symbols)) // self._frame.n
                    bursts.append((header, first, *rest, self._parts.nonce))
                    if not self._hash or header[2] == self._hash:  # else it is foreign
                        symbols.append(more)
            if not found and self._kernel.searched < until:
                return np.concatenate([more[:0], *symbols]), bursts

    def _look(self, searched):
        """Return the names to search from a sample on, and up to which sample."""
        length = self._frame.samples()
        lost = min(int((searched - self._since) / length + 0.5), _LOST)
        names, until = [], float("inf")
        if self._next is not None:
            for number in range(self._next, self._next + lost + 1):
                names += self._of(number)
            if lost < _LOST:
                until = self._since + (lost + 0.5) * length
        if not names or lost > 1:
            names += [name_of(self._group, slot) for slot in self._window()]
        return list(dict.fromkeys(names)), until

    def _window(self):
        slot = int(self._clock() / SLOT)
        return range(max(0, slot - WINDOW), slot + WINDOW + 1)

    def _of(self, number):
        """Return the names that a burst of the session may have."""
        block, part = divmod(number - self._origin, EVERY)
        session = [] if self._session is None else [name_of(self._session, number)]
        if part >= PARTS or (block, None) == self._block:
            return session
        if block == self._block[0]:
            return [name_of(self._group, self._block[1], part)]
        slots = {*self._window(), *range(self._slot, self._slot + 2 * WINDOW + 1)}
        later = sorted(slot for slot in slots if slot > self._slot)
        return session + [name_of(self._group, slot, part) for slot in later]

    def _take(self, name, header):
        """Take a burst with a right tag; return the fields of its header, or None."""
        slot, part = struct.unpack("<QI", name[32:])
        number, _, carried = header[:3]
        block = (number - self._origin) // EVERY
        if name == name_of(self._group, slot, part):
            known = self._parts.has(part, carried)
            if part == 0 and (slot <= self._slot or (known and number < self._next)):
                self.replayed += 1
                return None
            if not known:  # perhaps another sender
                self._heard = self._hash
            self._parts.take(part, carried)
            nonce, self._slot = self._parts.nonce, slot
            self._session = derive(self._secret, "session", nonce) if nonce else None
            self._origin, self._block = number - part, (0, slot)
            header = (*header[:2], self._heard, *header[3:])
        else:
            self._heard = header[2]
            if block != self._block[0]:
                self._block = (block, None)
        self._next, self._since = number + 1, self._kernel.searched
        return header
