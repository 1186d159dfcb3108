# SPDX-License-Identifier: GPL-3.0-or-later
"""The pair of pluggable modules: Alice's fools Eve, Bob's undoes it [arn, Sec. IV].

A learned pair adds and subtracts what networks compute (adversarial residual networks).
A keyed pair multiplies by an orthogonal Q_k that a shared secret gives anew for each
message: F_Alice = (Q_k - I) x, F_Bob = (I - Q_k^T) y. That is encryption in the analog
domain: it hides a code from who lacks the secret, it does not show a change of it.
"""

import numpy as np

from advphy_model.air_network import AirNetwork
from advphy_model.semantic_link import SemanticLink


class AliceModule:
    """x' = x + F_Alice(x) [arn, eq. 15], or x' = Q_k x with the key of each index.

    Args:
        link: semantic link that hides something.
        secret: 32 bytes (secret_file.py) for a keyed link; None for a learned one.
    """

    def __init__(self, link: SemanticLink, secret: bytes | None = None):
        if not link.hides:
            raise ValueError(
                f"semantic link '{link.name}' has no module for Alice; train one: "
                "advphy train paired_arn, or keyed_arn"
            )
        self.keying = keying_of(link, secret)
        self._residual = _residual(link, "alice")
        self._delta = np.empty((0, link.n), np.complex64)

    def run(self, x, first_index, out):
        """Write what Alice sends.

        Args:
            x: codes, complex64 [batch, n]; may be out.
            first_index: index of the first message.
            out: complex64 [batch, n].
        """
        if self.keying is not None:
            self.keying.apply(x, first_index, out)
            return
        self._delta = _room(self._delta, len(x))
        delta = self._delta[: len(x)]
        self._residual.run(x, delta)
        np.add(x, delta, out)


class BobModule:
    """x^ = y - F_Bob(y) [arn, eq. 17], behind Q_k^T where the link is keyed.

    Args:
        link: semantic link that hides something.
        secret: 32 bytes for a keyed link; None for a learned one.
    """

    def __init__(self, link: SemanticLink, secret: bytes | None = None):
        if not link.hides:
            raise ValueError(
                f"semantic link '{link.name}' has no module for Bob; train one: "
                "advphy train paired_arn, or keyed_arn"
            )
        self.keying = keying_of(link, secret)
        self._residual = _residual(link, "bob")
        self._estimate = np.empty((0, link.n), np.complex64)

    def run(self, y, first_index, out):
        """Write what Bob decodes for received vectors y; shapes as AliceModule.run."""
        if self.keying is not None:
            self.keying.invert(y, first_index, out)
            y = out
        if self._residual is not None:
            self._estimate = _room(self._estimate, len(y))
            estimate = self._estimate[: len(y)]
            self._residual.run(y, estimate)
            np.subtract(y, estimate, out)


def keying_of(link, secret):
    """Return the keyed transform of a link, or None for a learned pair.

    Raises:
        ValueError: the link is keyed and the secret is missing or not 32 bytes.
    """
    if link.keying == "none":
        return None
    if secret is None:
        raise ValueError(
            f"semantic link '{link.name}' is keyed: give the file of the secret that "
            "Alice and Bob share (mode 0600)"
        )
    from advphy_model.keying import Keying

    return Keying(link.keying, secret, link.reals)


def _residual(link, role):
    if role not in link.networks:
        return None
    return AirNetwork(link.networks[role], complex_input=True, complex_output=True)


def _room(buffer, items):
    """Return the buffer, or a larger one."""
    if len(buffer) >= items:
        return buffer
    return np.empty((items, buffer.shape[1]), np.complex64)
