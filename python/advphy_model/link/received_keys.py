# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of messages that Bob receives: nonce and index, and what he refuses."""

import contextlib

import numpy as np

from advphy_model.link.arn import BobModule
from advphy_model.link.keying import checked_nonce


class ReceivedKeys:
    """Bob's module with the state of its keys.

    Under each nonce no index is used twice, and a nonce whose check was right before
    that of another one is not used again.

    Args:
        link, secret: see BobModule.
        nonce: 12 bytes, or "none"; None: it comes with the messages.
        first_index: index of the first message, unless `take` gives another.

    `counts` has the messages put out as NaN: wrong (the check differs), repeated (an
    index), replayed (a nonce) and waiting (for a nonce); and lost, indices.
    """

    def __init__(self, link, secret=None, nonce=None, first_index=0):
        self._module = BobModule(link, secret, checked_nonce(nonce or b""))
        self._keyed, self._index = link.keying != "none", first_index
        self._learns = nonce is None and self._keyed
        self._highest = {self._module.nonce: first_index - 1}  # index used, by nonce
        self._nonce, self._past = None, set()  # whose check was right, now and before
        self._wrong = False  # whether the last check under the module's nonce was
        causes = "wrong", "repeated", "replayed", "waiting", "lost"
        self.counts = dict.fromkeys(causes, 0)
        self.begin()

    def begin(self):
        """Begin a stream, which may be a new one of Alice."""
        self._fault = "waiting" if self._learns else None
        self._check = None  # the last one, until there is a nonce

    def take(self, index, nonce=None, check=None):
        """Note what is known of the next message.

        Args:
            index: its index.
            nonce: that of its keys, b"": one that is not known yet; None: as before.
            check: first hexadecimal digits of its check value; None: not known.

        Raises ValueError if Bob shall learn a nonce that Alice's keys do not have.
        """
        if self._learns and nonce is None and check is not None:
            raise ValueError(
                "Alice sends no nonce, as version 0.5 did, so her keys may have been "
                "used before; give nonce='none' (commands: --nonce none) to decode it"
            )
        if self._learns and nonce is not None:
            self._change(index, nonce)
        known = self._keyed and self._fault not in ("waiting", "replayed")
        if check is not None and (known or self._nonce is None):
            self._check = index, check
        if known and self._check is not None and not self._confirmed():
            self._fault = "wrong"
            return
        if self._fault in (None, "repeated"):
            repeated = self._keyed and index <= self._used()
            self._fault = "repeated" if repeated else None
            if not repeated and index > self._index:
                self.counts["lost"] += index - self._index
        self._index = index

    def _change(self, index, nonce):
        """Take the keys under a nonce from an index on."""
        if not nonce or nonce in self._past:
            self._fault = "replayed" if nonce else "waiting"
            return
        if nonce != self._module.nonce:
            self._module.rekey(nonce)
            self._index, self._wrong = index, False
        self._fault = "wrong" if self._wrong else None

    def _confirmed(self):
        """Return whether the check is right, with which its nonce replaces another."""
        (index, check), self._check = self._check, None
        expected, nonce = "", self._module.nonce
        with contextlib.suppress(ValueError):  # no message has that index
            expected = f"{int(self._module.keying.checks(index, 1)[0]):016x}"
        self._wrong = not check or not expected.startswith(check)
        if not self._wrong:
            self._past |= {self._nonce} - {None, nonce}
            self._nonce, self._fault = nonce, None
        return not self._wrong

    def _used(self):
        return self._highest.get(self._module.nonce, -1)

    def reveal(self, y, out):
        """Write the output of Bob's module, or NaN, to out; see BobModule.run."""
        if self._fault is not None:
            out[:] = np.nan
            self.counts[self._fault] += len(y)
        else:
            self._module.run(y, self._index, out)
            last = self._index + len(y) - 1
            self._highest[self._module.nonce] = max(self._used(), last)
        self.skip(len(y))

    def skip(self, messages):
        """Pass over messages that Alice sent without her module."""
        self._index += messages
