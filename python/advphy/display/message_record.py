# SPDX-License-Identifier: GPL-3.0-or-later
"""What a display of messages shows: the newest of each sender, decoded when wanted.

Counts are running totals, so whoever looks 15 times a second needs only the last of
each segment. Decoding a message costs far more than keeping it, and thousands may
arrive in between.
"""

import threading
import time

import pmt

# All kinds, each with what tells messages apart that must not replace each other.
_APART = {
    "counts": pmt.intern("first_block"),
    "estimate": pmt.intern("detected"),
    "psr": pmt.intern("first_block"),
    **dict.fromkeys(("distortion", "accuracy", "power", "frames")),
}
_KIND, _NAME = pmt.intern("kind"), pmt.intern("name")
MOST_WAITING = 1000


class MessageRecord:
    """Messages of some kinds, safe among threads; a subclass has add(message).

    Class attributes:
        KINDS: that are added; messages of the other known kinds are passed over.
        SLOT: seconds; of messages that arrive in different slots each is added, for
            displays of time. None: only the newest.
    """

    KINDS = frozenset(_APART)
    SLOT = None

    def __init__(self):
        self.lock, self._posting = threading.RLock(), threading.Lock()
        self._waiting, self._refused, self._version = {}, 0, 0

    def add(self, message):
        """Add a message, within the lock; raise an error where it is not understood."""
        raise NotImplementedError

    def take(self, message) -> bool:
        """Add a dictionary; return whether it was understood."""
        kind = message.get("kind") if isinstance(message, dict) else None
        try:
            if kind in self.KINDS:
                with self.lock:
                    self.add(message)
                    self._version += 1
            elif kind not in _APART:
                raise ValueError("the kind is not known")
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            self._refuse()
            return False
        return True

    def post(self, message):
        """Keep a PMT until collect(); a later one of its sender replaces it."""
        try:
            kind = pmt.symbol_to_string(pmt.dict_ref(message, _KIND, pmt.PMT_NIL))
            name = pmt.symbol_to_string(pmt.dict_ref(message, _NAME, pmt.PMT_NIL))
            apart = _APART[kind]
            if kind not in self.KINDS:
                return
            if apart is not None:
                apart = pmt.write_string(pmt.dict_ref(message, apart, pmt.PMT_NIL))
        except Exception:  # PMT raises several kinds for what is not such a dictionary
            self._refuse()
            return
        slot = int(time.monotonic() / self.SLOT) if self.SLOT else 0
        key = kind, name, apart, slot
        with self._posting:
            self._waiting.pop(key, None)  # so that the order stays that of arrival
            self._waiting[key] = message
            full = len(self._waiting) >= MOST_WAITING
        if full:  # nobody looks: there may be no window
            self.collect()

    def collect(self):
        """Add what waits, in order of arrival."""
        with self.lock:
            with self._posting:
                waiting, self._waiting = self._waiting, {}
            for message in waiting.values():
                try:
                    decoded = pmt.to_python(message)
                except (ValueError, TypeError, KeyError, RuntimeError):
                    decoded = None
                self.take(decoded)

    def refused(self):
        """Return how many messages were not understood."""
        self.collect()
        with self._posting:
            return self._refused

    def state(self):
        """Return what a picture depends on; it differs after each message."""
        refused = self.refused()
        return self._version, refused

    def changed(self):
        """Have state() differ, within the lock."""
        self._version += 1

    def _refuse(self):
        with self._posting:
            self._refused += 1
