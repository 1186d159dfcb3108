# SPDX-License-Identifier: GPL-3.0-or-later
"""The pair of pluggable modules: Alice's fools Eve, Bob's undoes it [arn, Sec. IV].

A learned pair adds and subtracts the outputs of adversarial residual networks. A keyed
pair multiplies by an orthogonal Q_k that a shared secret selects for each message:
F_Alice = (Q_k - I) x, F_Bob = (I - Q_k^T) y. This is encryption in the analog domain:
it hides the code from receivers without the secret, but does not detect a change of it.
"""

import numpy as np

from advphy_model.link.semantic_link import SemanticLink
from advphy_model.network.packed_network import PackedNetwork


class _Module:
    """A keyed transform, a residual network, or both.

    Args:
        link: semantic link with a pair or a keyed transform.
        secret: 32 bytes (secret_file.py) for a keyed link; None for a learned pair.
        nonce: 12 bytes under which the keys are, or none; `rekey` changes it.
    """

    def __init__(self, link: SemanticLink, secret: bytes | None = None, nonce=b""):
        role = self.ROLE
        if not link.hides:
            raise ValueError(
                f"semantic link '{link.name}' has no module for {role.capitalize()}; "
                "train one with `advphy train paired_arn` or `advphy train keyed_arn`"
            )
        self._keyed = link, secret
        self.rekey(nonce)
        self._network = None
        if role in link.networks:
            self._network = PackedNetwork(
                link.networks[role], complex_input=True, complex_output=True
            )
        self._room = np.empty((0, link.n), np.complex64)

    def rekey(self, nonce):
        """Take the keys under a nonce: 12 bytes, or none."""
        self.nonce, self.keying = nonce, keying_of(*self._keyed, nonce)

    def _residual(self, x):
        """Return F(x) in a buffer that the next call overwrites."""
        if len(self._room) < len(x):
            self._room = np.empty(x.shape, np.complex64)
        residual = self._room[: len(x)]
        self._network.run(x, residual)
        return residual


class AliceModule(_Module):
    """Alice's module: x' = x + F_Alice(x) [arn, eq. 15], or x' = Q_k x if keyed."""

    ROLE = "alice"

    def run(self, x, first_index, out):
        """Write the vectors to send for codes x, complex64 [batch, n], to out.

        The first message has the index first_index; out may be x.
        """
        if self.keying is not None:
            self.keying.apply(x, first_index, out)
        else:
            np.add(x, self._residual(x), out)


class BobModule(_Module):
    """Bob's module: x^ = y - F_Bob(y) [arn, eq. 17], after Q_k^T if keyed."""

    ROLE = "bob"

    def run(self, y, first_index, out):
        """Write the vectors to decode to out; for the arguments see AliceModule.run."""
        if self.keying is not None:
            self.keying.invert(y, first_index, out)
            y = out
        if self._network is not None:
            np.subtract(y, self._residual(y), out)


def keying_of(link, secret, nonce=b""):
    """Return the keyed transform or None; ValueError without a secret of 32 bytes."""
    if link.keying == "none":
        return None
    if secret is None:
        raise ValueError(
            f"semantic link '{link.name}' is keyed: give the file of the secret that "
            "Alice and Bob share (mode 0600)"
        )
    from advphy_model.link.keying import Keying

    return Keying(link.keying, secret, link.reals, nonce)
