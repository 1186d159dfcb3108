# SPDX-License-Identifier: GPL-3.0-or-later
"""Short displacements of codewords that make the decision of a link wrong.

Only decisions are used, so the search works for networks, hard decisions and nearest
codewords. It is a descent from many starts: a start may end at a wrong decision that
is near, but not the nearest one, and none of them may find a small wrong region.
"""

import itertools

import numpy as np

from advphy_model.complex_baseband import to_complex, to_reals
from advphy_model.link.decision import decider
from advphy_model.link.link_model import LinkModel

_MOST, _LEAST, _TOTAL = 256, 16, 4096  # descents: per message, of all messages
_KEPT = 64  # displacements per message
_APART = 0.95  # largest cosine of the angle between two of them
_SHARES = 1, 0.5, 0.25, 0.125, 0.0625  # of a component along an axis, removed in turn
_ROUNDS = 100  # attempts to remove components along random directions
_PARTS, _HALVINGS = 16, 12  # of the way along which the first wrong point is sought


def nearest_errors(model: LinkModel, centers: np.ndarray) -> list:
    """Return for each message the displacements in distinct directions, shortest first.

    They are M arrays float64 [0 to 64, 2n] (complex_baseband.py). A displacement d is
    just beyond the boundary of the decision: centers[s] + d is not decided for s, where
    centers are received vectors without noise, complex [M, n]. It is 0 if centers[s]
    is decided wrongly. Raises ValueError if no decision is found that is wrong.
    """
    rng, around = np.random.default_rng(0), _Decisions(model, centers)
    sent = np.arange(model.M)
    lost = around.wrong(sent, np.zeros((model.M, 2 * model.n)))
    most = min(_MOST, max(_LEAST, _TOTAL // model.M))
    sent, d = _starts(model, around.centers, 2 * most, rng)
    sent, d = around.to_boundary(sent, d, _PARTS)
    near = np.concatenate([np.flatnonzero(sent == s)[:most] for s in range(model.M)])
    d = around.shortened(sent[near], d[near], rng)
    sent, d = around.to_boundary(sent[near], d, 1)
    if not len(d):
        model.refuse("no displacement makes a decision wrong; check the decoder")
    found = [_distinct(d[sent == s]) for s in range(model.M)]
    return [d[:1] * 0 if lost[s] else each for s, each in enumerate(found)]


def _starts(model, centers, most, rng):
    """Return the messages [count] and their displacements to begin with [count, 2n].

    They point to the nearest codewords, at most `most`, and in random directions.
    """
    codebook = to_reals(model.codebook).astype(float)
    found = []
    for s, center in enumerate(centers):
        others = np.delete(codebook, s, axis=0) - center
        others = others[np.argsort(np.linalg.norm(others, axis=1))[:most]]
        anywhere = rng.standard_normal((most, 2 * model.n))
        found.append(_units(np.concatenate([others, anywhere])))
    sent = np.repeat(np.arange(model.M), [len(each) for each in found])
    return sent, np.concatenate(found) * 2 * np.linalg.norm(codebook, axis=1).max()


def _distinct(d):
    """Return the displacements that point in other directions than shorter ones."""
    near, kept = _units(d) @ _units(d).T > _APART, []
    for i in range(len(d)):
        if len(kept) < _KEPT and not near[i, kept].any():
            kept.append(i)
    return d[kept]


def _units(d):
    """Return rows divided by their norms; rows of 0 stay."""
    norms = np.linalg.norm(d, axis=1, keepdims=True)
    return d / np.where(norms > 0, norms, 1)


class _Decisions:
    def __init__(self, model, centers):
        self._decider = decider(model)
        self.centers = to_reals(centers).astype(float)

    def wrong(self, sent, d):
        """Return whether centers[sent] + d are decided wrongly, for d [count, 2n]."""
        decided, erased = np.empty((2, len(d)), np.uint8)
        self._decider.decide(to_complex(self.centers[sent] + d), decided, erased)
        return (decided != sent) | (erased == 1)

    def to_boundary(self, sent, d, parts):
        """Return the points of the ways 0..d where the decision becomes wrong, sorted.

        Ways without a wrong decision at one of the equal parts are left out.
        """
        wrong = np.array([self.wrong(sent, d * i / parts) for i in range(1, parts + 1)])
        some, first = wrong.any(axis=0), wrong.argmax(axis=0)
        sent, d, first = sent[some], d[some], first[some]
        low, high = first / parts, (first + 1) / parts
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            wrong = self.wrong(sent, d * middle[:, None])
            low, high = np.where(wrong, low, middle), np.where(wrong, middle, high)
        d = d * high[:, None]
        order = np.argsort(np.linalg.norm(d, axis=1), kind="stable")
        return sent[order], d[order]

    def shortened(self, sent, d, rng):
        """Return displacements from which components were removed while still wrong.

        Along each axis the whole component is removed if possible, then shares of what
        remains, which leads into the corners of hard decisions. Then components along
        random directions are removed; half of these attempts also shorten the whole
        displacement by up to 10 %.
        """
        count, size = d.shape
        axes = rng.permuted(np.tile(np.arange(size), (count, 1)), axis=1)
        for share, axis in itertools.product(_SHARES, axes.T):
            shorter = d - share * d * (np.arange(size) == axis[:, None])
            d = np.where(self.wrong(sent, shorter)[:, None], shorter, d)
        for _ in range(_ROUNDS):
            along = _units(rng.standard_normal((count, size)))
            shorter = d - (d * along).sum(axis=1, keepdims=True) * along
            shorter *= 1 - 0.2 * np.maximum(rng.random((count, 1)) - 0.5, 0)
            d = np.where(self.wrong(sent, shorter)[:, None], shorter, d)
        return d
