# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of messages that Bob receives: nonce and index, and what he refuses."""

import contextlib

import numpy as np

_SILENT = (
    "Alice sends no nonce, as version 0.5 did, so her keys may have been used before; "
    "give nonce='none' (commands: --nonce none) to decode it all the same"
)
_REFUSED = {"wrong": "wrong_key", "repeated": "repeated_key"}
_REFUSED |= {"replayed": "replayed_nonce", "waiting": "no_nonce"}


def refused(counts) -> dict:
    """Return the messages refused for each cause, as receivers of bursts name them."""
    return {name: counts[cause] for cause, name in _REFUSED.items()}


class ReceivedKeys:
    """Bob's module with the state of its keys.

    A nonce that was in use, with a right check, before another one is never accepted
    again, and under each nonce no index is used twice.

    `counts` are messages that came out as NaN, as wrong (the check differs), repeated
    (an index again), replayed (a nonce again) and waiting (before the nonce was known),
    and lost, indices that did not arrive.

    Args:
        module: BobModule.
        learns: whether the nonce comes with the messages; else it is the module's.
        first_index: index of the first message, unless `take` gives another.
    """

    def __init__(self, module, learns=False, first_index=0):
        self._module, self._index = module, first_index
        self._keyed = module.keying is not None
        self._learns = learns and self._keyed
        self._highest = {module.nonce: first_index - 1}  # indices used, by nonce
        self._nonce, self._past = None, set()  # whose check was right, now and before
        self._wrong = False  # whether the last check under the module's nonce was
        self._fault = self._check = None  # the last check, until there is a nonce
        self.counts = dict.fromkeys((*_REFUSED, "lost"), 0)
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

        Raises ValueError if Alice's keys are without the nonce that Bob shall learn.
        """
        if self._learns:
            if nonce is None and check is not None:
                raise ValueError(_SILENT)
            self._change(index, nonce)
        known = self._keyed and self._fault not in ("waiting", "replayed")
        if check is not None and (known or self._nonce is None):
            self._check = index, check
        if known and self._check is not None:
            (at, digits), self._check = self._check, None
            self._wrong = not digits or not self._expected(at).startswith(digits)
            if self._wrong:
                self._fault = "wrong"
                return
            self._confirm()
        self._go_to(index)

    def _change(self, index, nonce):
        """Take the keys under another nonce from an index on."""
        if nonce is None:
            return
        if not nonce or nonce in self._past:
            self._fault = "replayed" if nonce else "waiting"
            return
        if nonce != self._module.nonce:
            self._module.rekey(nonce)
            self._index, self._wrong = index, False
        self._fault = "wrong" if self._wrong else None

    def _expected(self, index):
        with contextlib.suppress(ValueError):  # no message has that index
            return f"{int(self._module.keying.checks(index, 1)[0]):016x}"
        return ""

    def _confirm(self):
        self._fault, nonce = None, self._module.nonce
        if self._nonce not in (None, nonce):
            self._past.add(self._nonce)
        self._nonce = nonce

    def _go_to(self, index):
        """Set the index of the next message."""
        if self._fault in (None, "repeated"):
            repeated = self._keyed and index <= self._used()
            self._fault = "repeated" if repeated else None
            if not repeated and index > self._index:
                self.counts["lost"] += index - self._index
        self._index = index

    def _used(self):
        """Return the highest index that was used under the nonce."""
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
        self._index += len(y)

    def skip(self, messages):
        """Pass over messages that Alice sent without her module."""
        self._index += messages
