# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages on their way to a display: the newest of each sender, decoded when wanted.

Counts are running totals, so whoever looks 15 times a second needs only the last of
each segment. Decoding a message costs far more than keeping it, and thousands may
arrive in between.
"""

import threading
import time

import pmt

# What tells messages apart that must not replace each other.
_KIND, _NAME = pmt.intern("kind"), pmt.intern("name")
_APART = {
    "counts": pmt.intern("first_block"),
    "estimate": pmt.intern("detected"),
    "psr": pmt.intern("first_block"),
}
# Of blocks that measure something else: no display draws them, nothing is wrong.
OTHER_KINDS = {"distortion", "accuracy", "power", "frames"}
MOST_WAITING = 1000


def is_of_others(message, *kinds):
    """Return whether a message is of a known kind, but none of these."""
    kind = message.get("kind") if isinstance(message, dict) else None
    known = isinstance(kind, str) and (kind in _APART or kind in OTHER_KINDS)
    return known and kind not in kinds


class Mailbox:
    """Keep messages until they are collected.

    Args:
        deliver: function of a dictionary, called for each message when somebody looks;
            returns whether it was understood.
        slot: seconds; of messages that arrived in different slots each is delivered,
            for displays of time. None: only the newest.
    """

    def __init__(self, deliver, slot=None):
        self._deliver, self._slot = deliver, slot
        self._lock, self._delivering = threading.Lock(), threading.Lock()
        self._waiting = {}
        self._refused = 0

    @property
    def refused(self):
        """Return how many messages were not understood."""
        with self._lock:
            return self._refused

    def post(self, message):
        """Keep a PMT; one of the same sender and segment is replaced."""
        try:
            kind = pmt.symbol_to_string(pmt.dict_ref(message, _KIND, pmt.PMT_NIL))
            name = pmt.symbol_to_string(pmt.dict_ref(message, _NAME, pmt.PMT_NIL))
            if kind in OTHER_KINDS:
                return
            apart = pmt.dict_ref(message, _APART[kind], pmt.PMT_NIL)
            slot = int(time.monotonic() / self._slot) if self._slot else 0
            key = kind, name, pmt.write_string(apart), slot
        except Exception:  # PMT raises several kinds for what is not such a dictionary
            with self._lock:
                self._refused += 1
            return
        with self._lock:
            self._waiting.pop(key, None)  # so that the order stays that of arrival
            self._waiting[key] = message
            full = len(self._waiting) >= MOST_WAITING
        if full:  # nobody looks: there may be no window
            self.collect()

    def collect(self):
        """Deliver what waits, in order of arrival."""
        with self._delivering:
            with self._lock:
                waiting, self._waiting = self._waiting, {}
            for message in waiting.values():
                try:
                    understood = self._deliver(pmt.to_python(message))
                except (ValueError, TypeError, KeyError, RuntimeError):
                    understood = False
                if not understood:
                    with self._lock:
                        self._refused += 1
