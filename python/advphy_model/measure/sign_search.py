# SPDX-License-Identifier: GPL-3.0-or-later
"""Branch and bound for the nearest point at which a ReLU network decides differently.

Where the signs of all units are given, the network is affine, and the nearest wrong
decision is a problem of least distance to a polyhedron. Signs are fixed one after
another. Undecided units are replaced by their chords and tangents, and their signs are
left out, so that each node bounds all networks below it.
"""

import heapq
import itertools

import numpy as np

from advphy_model.network.linear_bounds import above, forward, intervals, lines

FAR = 1e8  # norm of p that is never reached
_ROUNDING = 1e-9  # of a radius, relative
_ZERO = 1e-8  # of a difference of outputs, relative to the outputs


def differences(chain, message):
    """Return the matrix of all wrong outputs minus the right one, [M - 1, M]."""
    axes = np.eye(len(chain[-1].bias))
    return np.delete(axes, message, axis=0) - axes[message]


class SignSearch:
    """Branch and bound over the signs of ReLU units for one codeword.

    Args:
        chain: Stages of the network.
        x: codeword as reals.
        message: its message.
        best: norm of a p that changes the decision; the search stays in this ball.
    """

    def __init__(self, chain, x, message, best):
        self.best, self._floor = best, np.inf
        self._chain, self._x = chain, x
        self._rows = differences(chain, message)
        self._ball = intervals(chain, x, min(best, FAR) * (1 + _ROUNDING))
        low, high = (np.concatenate(side) for side in zip(*self._ball, strict=True))
        self._free = (low < 0) & (high > 0)
        self._ends = np.cumsum([len(stage.bias) for stage in chain[:-2]])

    def run(self, nodes):
        """Return a lower limit of the radius after at most so many nodes."""
        order = itertools.count()
        none = np.zeros(len(self._free), np.int8)
        waiting = [(0.0, next(order), row, none) for row in self._rows]
        while waiting and self._may_improve(waiting[0][0]):
            if nodes == 0:
                return min(waiting[0][0], self._floor)
            nodes -= 1
            bound, _, row, signs = heapq.heappop(waiting)
            bound, unit = self._bound(bound, row, signs)
            if unit is None:
                self.best = min(self.best, bound)
                continue
            for sign in (-1, 1):
                child = signs.copy()
                child[unit] = sign
                heapq.heappush(waiting, (bound, next(order), row, child))
        return min(self.best, self._floor)

    def _may_improve(self, bound):
        return bound < self.best * (1 - _ROUNDING)

    def _bound(self, bound, row, signs):
        """Return a lower bound of the distance under some signs, and a unit to fix.

        The unit is None where a p of this norm changes the decision, or where the bound
        is no less than what was found. The bound is at least that of the parent; p
        makes the difference of outputs with the coefficients `row` 0; signs are 1 or -1
        for fixed units, 0 for the others.
        """
        chain, x, fixed = self._chain, self._x, np.split(signs, self._ends)
        between = [
            lines(
                stage,
                np.where(sign > 0, np.maximum(low, 0), low),
                np.where(sign < 0, np.minimum(high, 0), high),
            )
            for stage, (low, high), sign in zip(chain, self._ball, fixed, strict=False)
        ]
        *plane, coefficients = above(chain, between, row[None])
        planes = [plane]
        for i, sign in enumerate(fixed):
            rows = np.diag(sign.astype(float))[sign != 0]
            planes.append(above(chain[: i + 1], between, rows)[:2])
        weight, offset = map(np.concatenate, zip(*planes, strict=True))
        p, least = least_distance(weight, -(weight @ x + offset))
        bound = max(bound, least)
        if not self._may_improve(bound):
            return bound, None
        z = forward(chain, x + p)[-1]
        if row @ z >= -_ZERO * np.abs(z).max():
            return bound, None
        if not np.any(self._free & (signs == 0)):  # rounding has moved p off its planes
            self._floor = min(self._floor, bound)
            return np.inf, None
        both = zip(coefficients, between, strict=True)
        loss = [np.abs(share[0]) * rise for share, (_, rise, *_) in both]
        loss = np.where(self._free & (signs == 0), np.concatenate(loss), -1.0)
        return bound, int(loss.argmax())


def least_distance(weight, least):
    """Return the shortest p with weight p >= least, and a lower bound of its norm.

    It is the dual of a least-squares problem with nonnegative variables, whose solution
    proves the bound [lawson, Ch. 23]. Any nonnegative variables prove one, less what
    they may lose by rounding. weight is [planes, inputs], least [planes].
    """
    from scipy.optimize import nnls

    size = np.maximum(np.linalg.norm(weight, axis=1), 1e-300)
    weight, least = weight / size[:, None], np.maximum(least / size, -FAR)
    if not 0 < least.max() < FAR:  # 0 is there, or a plane without a direction
        return np.zeros(weight.shape[1]), max(0.0, float(least.max()))
    wanted = np.append(np.zeros(weight.shape[1]), 1.0)
    try:
        dual, _ = nnls(np.vstack([weight.T, least]), wanted)
    except RuntimeError:  # too many iterations
        dual = np.zeros(len(least))
    push = dual @ weight
    length = np.linalg.norm(push)
    slip = 1e-15 * len(least) * (dual @ (1 + np.abs(least)))
    bound = float(dual @ least - slip) / max(length + slip, 1e-300)
    if not bound >= least.max():  # the farthest plane alone proves more
        push, length, bound = weight[least.argmax()], 1.0, float(least.max())
    return bound * push / max(length, 1e-300), bound
