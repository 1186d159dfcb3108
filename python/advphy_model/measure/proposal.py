# SPDX-License-Identifier: GPL-3.0-or-later
"""Distribution of messages and noise in which block errors are frequent.

Importance sampling [owen, Ch. 9]: an error that is drawn from this distribution counts
with the weight p / q, where p is the density of message and noise on the air, and q
their density here. So the mean weight of the errors is the BLER, whatever q is. The
noise of a message comes from a mixture of normal distributions: some are shifted to
the nearest wrong decisions, one is not shifted, which bounds the weights, and one is
wider. Where a wrong decision was not found, errors are drawn by these two only; their
weights are so large that they widen the interval, unless none is drawn at all.
"""

import numpy as np

_SPREAD = 0.1  # probability that is shared equally, among messages and among shifts
_PLAIN, _WIDE = 0.05, 0.05  # probabilities of the two distributions without shift
_WIDE_REACH, _WIDEST = 3, 3  # the wider one reaches an error at this many deviations


class Proposal:
    """Mixtures of normal distributions, one for each message.

    Noise is in units of its standard deviation per real dimension. The distance to a
    wrong decision is taken as linear in the offset of the received vector.

    Args:
        errors: list of the displacements of each message (nearest_errors).
        sigma: standard deviation of the noise per real dimension.
        offsets: for each message the received vectors without noise that may occur,
            minus that at which `errors` were sought, [count, 2n].
    """

    def __init__(self, errors, sigma, offsets):
        self._sigma = sigma
        lengths = [np.linalg.norm(each, axis=1) for each in errors]
        self._planes = [
            (each / np.where(length > 0, length, 1)[:, None], length / sigma)
            for each, length in zip(errors, lengths, strict=True)
        ]
        self.nearest = min(r.min() for _, r in self._planes if len(r))
        self._wide = np.clip(self.nearest / _WIDE_REACH, 1, _WIDEST)
        found = [
            np.exp(_log_shares(self._reach(s, each))).sum(axis=1).mean()
            for s, each in enumerate(offsets)
        ]
        equal, total = np.full(len(found), 1 / len(found)), np.sum(found)
        shares = found / total if total > 0 else equal
        self.messages = (1 - _SPREAD) * shares + _SPREAD * equal  # probabilities [M]

    def sent(self, uniform) -> np.ndarray:
        """Return the messages that uniform numbers [blocks] choose, uint8."""
        chosen = np.searchsorted(np.cumsum(self.messages), uniform)
        return np.minimum(chosen, len(self.messages) - 1).astype(np.uint8)

    def draw(self, s, offsets, uniform, normals) -> tuple:
        """Return (noise [blocks, 2n], weights [blocks]) of blocks with message s.

        The offsets, see the class, are [blocks, 2n], or [1, 2n] for all blocks. They
        draw from uniform numbers [blocks] and standard normal ones [blocks, 2n].
        """
        units, _ = self._planes[s]
        reach = self._reach(s, offsets)
        shares = np.broadcast_to(self._shares(reach), (len(normals), len(units) + 2))
        chosen = (uniform[:, None] > np.cumsum(shares[:, :-1], axis=1)).sum(axis=1)
        width = self._wide
        noise = np.where((chosen == len(units) + 1)[:, None], width, 1) * normals
        shifted = np.flatnonzero(chosen < len(units))
        which = chosen[shifted]
        far = np.broadcast_to(reach, (len(normals), len(units)))[shifted, which]
        noise[shifted] += far[:, None] * units[which]
        squared = (noise**2).sum(axis=1, keepdims=True)
        wide = (1 - width**-2) / 2 * squared - noise.shape[1] * np.log(width)
        logs = [reach * (noise @ units.T) - reach**2 / 2, 0 * squared, wide]
        with np.errstate(over="ignore"):  # a weight of 0
            ratios = (shares * np.exp(np.concatenate(logs, axis=1))).sum(axis=1)
            return noise, 1 / (len(self.messages) * self.messages[s] * ratios)

    def _reach(self, s, offsets):
        """Return the distances to the wrong decisions, at least 0, [blocks, shifts]."""
        units, reach = self._planes[s]
        return np.maximum(reach - offsets / self._sigma @ units.T, 0)

    def _shares(self, reach):
        """Return the probabilities in the mixture, [blocks, shifts + 2]."""
        logs = _log_shares(reach)
        shares = np.exp(logs - logs.max(axis=1, keepdims=True, initial=-np.inf))
        count = max(1, reach.shape[1])
        shares = (1 - _SPREAD) * shares / shares.sum(axis=1, keepdims=True)
        shares = (1 - _PLAIN - _WIDE) * (shares + _SPREAD / count)
        rest = np.tile([_PLAIN, _WIDE], (len(reach), 1))
        shares = np.concatenate([shares, rest], axis=1)
        return shares / shares.sum(axis=1, keepdims=True)  # without shifts, too


def _log_shares(reach):
    """Return approximately the logarithm of Q(reach) + constant, without underflow."""
    return -(reach**2) / 2 - np.log(0.8 + reach)
