# SPDX-License-Identifier: GPL-3.0-or-later
"""Base class of the records of displays that show messages.

Counts are running totals, so a display that looks 15 times a second needs only the last
message of each segment. Decoding a message costs far more than keeping it, and
thousands may arrive between two pictures, so only the newest ones are decoded.
"""

import contextlib
import math
import threading
import time

import pmt

# All kinds; messages that differ in the value of the key do not replace each other.
_DISTINCT = dict.fromkeys(("counts", "psr"), pmt.intern("first_block"))
_DISTINCT["estimate"] = pmt.intern("detected")
_DISTINCT |= dict.fromkeys(("distortion", "accuracy", "answers", "power", "frames"))
_KIND, _NAME = pmt.intern("kind"), pmt.intern("name")
MOST_WAITING = 1000


def level(value):
    """Return a level in dB; JSON has None where it is not finite."""
    value = -math.inf if value is None else float(value)
    return -math.inf if math.isnan(value) else value


def attack_of(message):
    """Return (whether an attack is on, its PSR in dB) of a "psr" or "answers"."""
    settings = message["settings"]
    psr_db = level(message.get("psr_db", settings.get("psr_db")))
    return bool(settings.get("on", psr_db > -math.inf)), psr_db


class Totals:
    """The newest running totals of each name."""

    def __init__(self):
        self._newest = {}

    def added(self, name, first, whole, part):
        """Return what is new in the totals of a segment that begins at `first`.

        ValueError if the part is more than the whole.
        """
        if not 0 <= part <= whole:
            raise ValueError("a part is more than the whole")
        before = self._newest.get(name, (first, 0, 0))
        self._newest[name] = first, whole, part
        if before[0] == first and before[1] <= whole:
            return whole - before[1], part - before[2]
        return whole, part


class MessageRecord:
    """Thread-safe record of messages of some kinds; a subclass has add(message).

    Messages of other known kinds than KINDS are ignored. Those that arrive in different
    slots of SLOT seconds are all added; None: only the newest one.
    """

    KINDS = frozenset(_DISTINCT)
    SLOT = None

    def __init__(self):
        self.lock, self._posting = threading.RLock(), threading.Lock()
        self._waiting, self._refused, self._version = {}, 0, 0

    def add(self, message):
        """Add a message while the lock is held; raise an error if it is invalid."""
        raise NotImplementedError

    def take(self, message) -> bool:
        """Add a dictionary; return whether it was understood."""
        kind = message.get("kind") if isinstance(message, dict) else None
        try:
            if kind in self.KINDS:
                with self.lock:
                    self.add(message)
                    self._version += 1
            elif kind not in _DISTINCT:
                raise ValueError("the kind is not known")
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            self._refuse()
            return False
        return True

    def post(self, message):
        """Store a PMT until collect(); a later one of the same sender replaces it."""
        try:
            kind = pmt.symbol_to_string(pmt.dict_ref(message, _KIND, pmt.PMT_NIL))
            name = pmt.symbol_to_string(pmt.dict_ref(message, _NAME, pmt.PMT_NIL))
            distinct = _DISTINCT[kind]
            if kind not in self.KINDS:
                return
            if distinct is not None:
                value = pmt.dict_ref(message, distinct, pmt.PMT_NIL)
                distinct = pmt.write_string(value)
        except Exception:  # PMT raises several errors if it is no such dictionary
            self._refuse()
            return
        slot = int(time.monotonic() / self.SLOT) if self.SLOT else 0
        key = kind, name, distinct, slot
        with self._posting:
            self._waiting.pop(key, None)  # keeps the order of arrival
            self._waiting[key] = message
            full = len(self._waiting) >= MOST_WAITING
        if full:  # there may be no window that collects
            self.collect()

    def collect(self):
        """Add the waiting messages in order of arrival."""
        with self.lock:
            with self._posting:
                waiting, self._waiting = self._waiting, {}
            for message in waiting.values():
                decoded = None
                with contextlib.suppress(ValueError, TypeError, KeyError, RuntimeError):
                    decoded = pmt.to_python(message)
                self.take(decoded)

    def refused(self):
        self.collect()
        with self._posting:
            return self._refused

    def state(self):
        refused = self.refused()
        return self._version, refused

    def _refuse(self):
        with self._posting:
            self._refused += 1
