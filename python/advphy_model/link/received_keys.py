# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of messages that Bob receives: nonce and index, and what he refuses."""

import bisect
import contextlib
import math

import numpy as np

from advphy_model.link.arn import BobModule
from advphy_model.link.keying import given_nonce

MOST_SPANS = 1024  # of used indices; beyond them the lowest gap counts as used


class UsedIndices:
    """Indices that were used: spans in order, up to `first` in the beginning."""

    def __init__(self, first):
        self._spans = [(-1, first)]

    def around(self, index):
        """Return where the last span that begins up to an index ends, and the next."""
        at = bisect.bisect(self._spans, (index, math.inf))
        later = self._spans[at][0] if at < len(self._spans) else math.inf
        return self._spans[at - 1][1], later

    def add(self, begin, end):
        """Add the indices begin..end - 1, none of which was used."""
        at = bisect.bisect(self._spans, (begin, end))
        self._spans.insert(at, (begin, end))
        for left in (at, at - 1):
            several = self._spans[left : left + 2]
            (begin, middle), (after, end) = several[0], several[-1]
            if middle >= after:
                self._spans[left : left + 2] = [(begin, max(middle, end))]
        if len(self._spans) > MOST_SPANS:
            self._spans[:2] = [(self._spans[0][0], self._spans[1][1])]


class ReceivedKeys:
    """Bob's module with the state of its keys.

    Under each nonce no index is used twice, and a nonce whose check was right before
    that of another one is not used again. After the first, a nonce is used when its
    check was right: it may be that of a forged burst.

    Args:
        link, secret: see BobModule.
        nonce: 12 bytes, or "none"; None: it comes with the messages.
        first_index: index of the first message, unless `take` gives another.

    `counts` has the messages put out as NaN: wrong (the check differs), repeated (an
    index), replayed (a nonce) and waiting (for a nonce, or its check); and lost,
    indices that are missing where the next message goes on from there.
    """

    def __init__(self, link, secret=None, nonce=None, first_index=0):
        self._module = BobModule(link, secret, given_nonce(nonce))
        self._keyed, self._index = link.keying != "none", first_index
        self._learns = nonce is None and self._keyed
        self._used = {self._module.nonce: UsedIndices(first_index)}  # by nonce
        self._nonce, self._past = None, set()  # whose check was right, now and before
        self._wrong = False  # whether the last check under the module's nonce was
        self._jump = 0, first_index  # indices that were counted as lost, and where to
        causes = "wrong", "repeated", "replayed", "waiting", "lost"
        self.counts = dict.fromkeys(causes, 0)
        self.begin()

    def begin(self):
        """Begin a stream, which may be a new one of Alice."""
        self._fault = "waiting" if self._learns else None
        self._tried = not self._learns  # whether the module has the stream's nonce
        self._check = None  # the last one, until it was compared

    def take(self, index, nonce=None, check=None):
        """Note what is known of the next message.

        Args:
            index: its index.
            nonce: that of its keys, b"": one that is not known yet; None: as before.
            check: first hexadecimal digits of its check value; None: not known.

        Raises ValueError if Bob shall learn a nonce that Alice's keys do not have.
        """
        if self._learns and nonce is None and check is not None:
            if self._nonce is not None:  # a forged burst among Alice's
                self._fault, self._index = "wrong", index
                return
            raise ValueError(
                "Alice sends no nonce, as version 0.5 did, so her keys may have been "
                "used before; give nonce='none' (commands: --nonce none) to decode it"
            )
        if self._learns and nonce is not None:
            self._change(index, nonce)
        if self._fault == "replayed":
            self._check = None
        elif check is not None and self._keyed:
            self._check = index, check
        if self._keyed and self._tried and self._check is not None:
            self._compare()
        if self._fault in (None, "repeated"):
            self._note_place(index)
        self._index = index

    def _change(self, index, nonce):
        """Take the keys under a nonce from an index on."""
        self._tried = bool(nonce) and nonce not in self._past
        if not self._tried:
            self._fault = "replayed" if nonce else "waiting"
            return
        if nonce != self._module.nonce:
            self._module.rekey(nonce)
            self._index, self._wrong = index, False
        known = self._nonce in (None, nonce)
        self._fault = "wrong" if self._wrong else None if known else "waiting"

    def _compare(self):
        """Compare the check; where it is right, the nonce replaces another one."""
        (index, check), self._check = self._check, None
        expected, nonce = "", self._module.nonce
        with contextlib.suppress(ValueError):  # no message has that index
            expected = f"{int(self._module.keying.checks(index, 1)[0]):016x}"
        self._wrong = not check or not expected.startswith(check)
        self._fault = "wrong" if self._wrong else None
        if not self._wrong:
            self._past |= {self._nonce} - {None, nonce}
            self._nonce = nonce

    def _spans(self):
        return self._used.setdefault(self._module.nonce, UsedIndices(0))

    def _note_place(self, index):
        """Find out whether an index was used, or how many are missing before it."""
        lost, to = self._jump
        if index < to:  # the stream does not go on from there
            self.counts["lost"] -= lost
        self._jump = 0, index
        end = self._spans().around(index)[0] if self._keyed else 0
        self._fault = "repeated" if end > index else None
        missing = index - max(self._index, end)
        if self._fault is None and missing > 0:
            self._jump = missing, index
            self.counts["lost"] += missing

    def reveal(self, y, out):
        """Write the output of Bob's module, or NaN, to out; see BobModule.run."""
        right, fault = len(y), self._fault or "repeated"
        if self._fault is not None:
            right = 0
        elif self._keyed:
            end, later = self._spans().around(self._index)
            right = 0 if end > self._index else min(right, later - self._index)
        if right:
            self._module.run(y[:right], self._index, out[:right])
            if self._keyed:
                self._spans().add(self._index, self._index + right)
        out[right:] = np.nan
        self.counts[fault] += len(y) - right
        self.skip(len(y))

    def skip(self, messages):
        """Pass over messages that Alice sent without her module."""
        self._index += messages
