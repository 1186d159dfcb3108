# SPDX-License-Identifier: GPL-3.0-or-later
"""Largest balls around codewords, without noise, in which the decision stays.

- Nearest codeword: half the distance to the nearest other codeword.
- Hard decision: a sqrt(j), where j sign errors of amplitude a are the fewest that can
  change the message.
- Dense layers with ReLU: exact. Where the signs of all units are given, the network is
  affine; branch and bound fixes one after another (sign_search.py).
- Convolutions and ELU: the largest radius at which linear bounds prove the decision, a
  lower limit. With ReLU, branch and bound raises it.

Upper limits come from a descent along the decision boundary with exact gradients. All
is computed in double precision; the kernels decide in single precision.
"""

from dataclasses import dataclass

import numpy as np

from advphy_model.checked_values import checked_whole
from advphy_model.complex_baseband import to_reals
from advphy_model.link.baselines.nearest_codeword import words
from advphy_model.link.codebook_geometry import distances
from advphy_model.link.decision import hard_decision_table
from advphy_model.measure.sign_search import FAR, SignSearch, differences
from advphy_model.network import linear_bounds as bounds

_TARGETS = 24  # nearest other codewords from which the descent starts
_DESCENTS = 30  # most steps along the boundary
_HALVINGS = 40  # of an interval of radii
_BALLS = 4  # smaller balls, where linear bounds are tighter, after a search ended
_ROUNDING = 1e-9  # of a radius, relative


@dataclass(frozen=True)
class Radius:
    """The ball around one codeword in which the decision stays."""

    certified: float  # no p with a smaller norm changes the decision
    found: float  # smallest norm of a p that was found to change it
    exact: bool  # whether the two are equal but for rounding


def radii(model, nodes=2000):
    """Yield the Radius of each codeword of a link model, in the order of the messages.

    A codeword that is decided wrongly has the radius 0. After `nodes` nodes of a branch
    and bound, the radius is a lower limit. Raises ValueError if nodes is below 1, or if
    linear bounds do not know a layer.
    """
    nodes = checked_whole("nodes", nodes, rule="of at least 1")
    if model.decision == "network":
        chain = bounds.stages(model.networks["decoder"])
        points = to_reals(model.codebook).astype(float)
        for message in range(model.M):
            yield _of_network(chain, points, message, nodes)
        return
    found = _nearest if model.decision == "nearest_codeword" else _hard
    for radius in found(model.codebook):
        yield Radius(float(radius), float(radius), True)


def _nearest(codebook):
    """Return the radii for the nearest codeword, [M]."""
    apart = distances(codebook)
    np.fill_diagonal(apart, np.inf)
    return apart.min(axis=1) / 2


def _hard(codebook):
    """Return the radii for hard decisions, [M]."""
    real, n = codebook.real, codebook.shape[1]
    flips = (words(n)[:, None] != (real < 0)).sum(axis=2)
    stays = np.array(hard_decision_table(codebook))[:, None] == np.arange(len(real))
    return np.abs(real).min() * np.sqrt(np.where(stays, n + 1, flips).min(axis=0))


def _of_network(chain, points, message, nodes):
    """Return the Radius of a codeword of a network of Stages."""
    x = points[message]
    if _decided(chain, x) != message:
        return Radius(0.0, 0.0, True)
    found, certified = _descent(chain, points, message), 0.0
    relu = {stage.alpha for stage in chain} == {0, None}
    if relu:
        search = SignSearch(chain, x, message, found)
        certified, found = search.run(nodes), search.best
    if certified < found:
        certified = max(certified, _by_lines(chain, x, message, found))
        high = found
        for _ in range(_BALLS if relu else 0):
            radius = (certified + high) / 2
            proven = SignSearch(chain, x, message, radius).run(nodes)
            certified = max(certified, proven)
            high = radius if proven < radius * (1 - _ROUNDING) else high
    exact = certified >= found * (1 - 1e-6)
    return Radius(min(certified, found), found, exact)


def _decided(chain, y):
    return bounds.forward(chain, y)[-1].argmax(axis=-1)


def _descent(chain, points, message):
    """Return the smallest norm of a p that changes the decision, as found by descent.

    Each start is the way to another codeword. A step goes from the boundary toward the
    point of its tangent plane that is nearest to the codeword.
    """
    x = points[message]
    ways = np.delete(points - x, message, axis=0)
    ways = ways[np.argsort(np.linalg.norm(ways, axis=1))[:_TARGETS]]
    ways = ways[_decided(chain, x + ways) != message]
    if not len(ways):
        return np.inf
    ways = _shortened(chain, x, ways, message)
    for _ in range(_DESCENTS):
        norm = np.linalg.norm(ways, axis=1, keepdims=True)
        ideal = _nearest_on_tangent(chain, x, ways, message)
        for step in (1.0, 0.5, 0.1, 0.02):
            tried = ways + step * (ideal - ways)
            size = np.maximum(np.linalg.norm(tried, axis=1, keepdims=True), 1e-300)
            tried *= norm / size
            better = _decided(chain, x + tried) != message
            ways[better] = tried[better]
        ways = _shortened(chain, x, ways, message)
        if np.linalg.norm(ways, axis=1).min() > norm.min() * (1 - _ROUNDING):
            break
    return float(np.linalg.norm(ways, axis=1).min())


def _nearest_on_tangent(chain, x, ways, message):
    """Return the shortest p on the tangent plane of the boundary at each x + way."""
    *hidden, z = bounds.forward(chain, x + ways)
    wrong = z.copy()
    wrong[:, message] = -np.inf
    axes = np.eye(z.shape[1])
    rows = axes[wrong.argmax(axis=1)] - axes[message]
    between = [bounds.tangents(*each) for each in zip(chain, hidden, strict=False)]
    weight, offset, _ = bounds.above(chain, between, rows[:, None])
    weight, value = weight[:, 0], weight[:, 0] @ x + offset[:, 0]
    square = np.maximum((weight**2).sum(axis=1), 1e-300)
    return -weight * (value / square)[:, None]


def _shortened(chain, x, ways, message):
    """Return vectors along the given ones that end just beyond a boundary."""
    low, high = np.zeros((len(ways), 1)), np.ones((len(ways), 1))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        stays = (_decided(chain, x + middle * ways) == message)[:, None]
        low, high = np.where(stays, middle, low), np.where(stays, high, middle)
    return high * ways


def _by_lines(chain, x, message, most):
    """Return the largest radius below `most` at which linear bounds prove a decision.

    Any radius r proves the smaller of r and the distance to the nearest of the planes
    that bound the differences of outputs in that ball.
    """
    low, high, best = 0.0, min(most, FAR), 0.0
    for _ in range(_HALVINGS):
        radius = (low + high) / 2
        ball = bounds.intervals(chain, x, radius)
        pairs = zip(chain, ball, strict=False)
        between = [bounds.lines(stage, *z) for stage, z in pairs]
        weight, offset, _ = bounds.above(chain, between, differences(chain, message))
        size = np.maximum(np.linalg.norm(weight, axis=1), 1e-300)
        proven = max(0.0, float((-(weight @ x + offset) / size).min()))
        best = max(best, min(radius, proven))
        low, high = (radius, high) if proven >= radius else (low, radius)
    return best
