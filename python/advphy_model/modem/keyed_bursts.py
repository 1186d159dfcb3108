# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of keyed bursts: which one a burst is sent under, and which Bob expects.

A burst's key and name determine its preamble, pilots, ramps, the mask of its header and
the header's tag (lib/modem/keyed_symbols.h). Each session of a modulator has a random
nonce, and most bursts a key of secret and nonce, with their number as name. Bob, who
knows the time and the secret alone, finds the others: groups of three bursts under a
key of the secret, whose name is the slot of time in which they begin. Their headers
carry the nonce. See docs/burst_format.md.
"""

import hmac
import os
import time

from advphy_model.link.keying import require_secret

SLOT = 0.25  # seconds; a process of Python does not start again within so short a time
WINDOW = 8  # slots by which Bob's clock may differ from Alice's: 2 s
EVERY = 32  # bursts from one possible group to the next
PARTS = 3  # bursts of a group
PART_BYTES = 4  # of the nonce in a header, in place of the hash of the link
_LOST = 8  # bursts after whose loss Bob waits for a group


def derive(secret: bytes, purpose: str, nonce: bytes = b"") -> bytes:
    """Return a key of 32 bytes: HKDF-SHA256 [RFC 5869] with the nonce as salt."""
    require_secret(secret)
    info = f"gr-advphy bursts 1, {purpose}".encode()
    return hmac.digest(hmac.digest(nonce, secret, "sha256"), info + b"\1", "sha256")


class SendingKeys:
    """Keys of the bursts of a modulator, as (key, index, part).

    Args:
        secret: 32 bytes.
        nonce: 12 bytes, for tests; None: random in each session.
        clock: function that returns the time in s since 1970.
    """

    def __init__(self, secret, nonce=None, clock=time.time):
        self._secret, self._nonce, self._clock = secret, nonce, clock
        self.group, self._slot = derive(secret, "group"), -1
        self.begin()

    def begin(self):
        """Begin a session with a nonce of its own."""
        size = PARTS * PART_BYTES
        self.nonce = os.urandom(size) if self._nonce is None else self._nonce
        self._session = derive(self._secret, "session", self.nonce)
        self._sent, self.grouped = 0, False

    def next(self, number):
        """Return the name of the next burst, and the part of the nonce it carries."""
        part = self._sent % EVERY
        if part == 0:  # no slot has two groups
            now = int(self._clock() / SLOT)
            self.grouped, self._slot = now > self._slot, max(now, self._slot)
        self._sent += 1
        if part < PARTS and self.grouped:
            carried = self.nonce[PART_BYTES * part :][:PART_BYTES]
            return (self.group, self._slot, part), carried
        return (self._session, number, 0), None


class ExpectedKeys:
    """Keys of the bursts that a synchronizer may find next.

    `replayed` counts bursts of a slot or number that has passed.

    Args:
        secret: 32 bytes.
        length: samples of a full burst.
        clock: function that returns the time in s since 1970.
    """

    def __init__(self, secret, length, clock=time.time):
        self._secret, self._length, self._clock = secret, length, clock
        self.group, self._slot = derive(secret, "group"), -1
        self._session, self._parts = None, {}
        self._next = None  # number of the next burst
        self._since = 0  # sample at which the last burst ended
        self._origin, self._block = 0, (-1, None)  # block that has a group, its slot
        self.until, self.replayed = 0, 0

    def look(self, searched):
        """Return (names, until): what to search from this sample on, and how far.

        A name is (key, index, part), as of SendingKeys.
        """
        lost = min(int((searched - self._since) / self._length + 0.5), _LOST)
        names, self.until = [], float("inf")
        if self._next is not None:
            for number in range(self._next, self._next + lost + 1):
                names += self._of(number)
            if lost < _LOST:
                self.until = self._since + (lost + 0.5) * self._length
        if not names or lost > 1:
            names += [(self.group, slot, 0) for slot in self._window()]
        return list(dict.fromkeys(names)), self.until

    def _window(self):
        now = int(self._clock() / SLOT)
        return range(max(0, now - WINDOW), now + WINDOW + 1)

    def _of(self, number):
        """Return the names that a burst of the session may have."""
        block, part = divmod(number - self._origin, EVERY)
        session = [] if self._session is None else [(self._session, number, 0)]
        if part >= PARTS or (block, None) == self._block:
            return session
        if block == self._block[0]:
            return [(self.group, self._block[1], part)]
        later = range(self._slot + 1, self._slot + 1 + 2 * WINDOW)
        slots = {*later, *(slot for slot in self._window() if slot > self._slot)}
        return session + [(self.group, slot, part) for slot in sorted(slots)]

    def take(self, name, number, carried, searched):
        """Take a burst whose tag is right; return whether it is no replay.

        Args:
            name: its name, one of those that `look` returned.
            number: number of the burst.
            carried: part of the nonce in its header, if it is one of a group.
            searched: sample at which it ends.
        """
        key, slot, part = name
        if key == self.group:
            known = self._parts.get(part) == carried
            if part == 0 and (slot <= self._slot or (known and number < self._next)):
                self.replayed += 1
                return False
            if self._parts.get(part, carried) != carried:
                self._session, self._parts = None, {}  # another session
            self._slot, self._parts[part] = slot, carried
            self._origin, self._block = number - part, (0, slot)
            if len(self._parts) == PARTS:
                nonce = b"".join(self._parts[part] for part in range(PARTS))
                self._session = derive(self._secret, "session", nonce)
        elif (number - self._origin) % EVERY < PARTS:
            self._block = ((number - self._origin) // EVERY, None)
        self._next, self._since = number + 1, searched
        return True
