# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounds on the BLER of the nearest codeword under attack, from pairs of codewords.

With standard deviation sigma of the noise per real dimension, and u the unit vector
from x_s to x_t, the union bound under a universal p is

    BLER(p) <= 1/M sum over pairs {s, t} of f(<p, u>^2),
    f(b) = Q((d/2 - sqrt(b)) / sigma) + Q((d/2 + sqrt(b)) / sigma),   d = ||x_s - x_t||

p cannot lie along all pairs at once. With ||p|| = 1, D dimensions and b = <p, u>^2,

    sum c b             <= largest eigenvalue of sum c u u^T
    sum c (b - 1/D)^2   <= (1 - 1/D) largest eigenvalue of sum c w w^T,
                           w = u u^T - I/D as a vector of D^2

for any weights c of the pairs; they are the rise of f from b = 0 to ||p||^2. Lagrange
multipliers of both give a bound, which is valid for any value of them (weak duality).
"""

import numpy as np

from advphy_model.complex_baseband import to_reals
from advphy_model.link.codebook_geometry import distances

_GROUPS = 512  # of pairs with similar distance
_CELLS = 256  # of b
_MOST_DIMENSIONS = 40  # for the second constraint, whose matrix has D^2 rows


def union_bounds(codebook, sigma) -> np.ndarray:
    """Return the union bound on the error rate of each message without attack, [M].

    It is at least 1e-300, since a bound that underflows to 0 proves nothing. A pair
    closer than 1e-2 counts as always wrong: of equal codewords, or of those that
    rounding makes equal, one is never decided. The codebook is complex [M, n], sigma
    the standard deviation of the noise per real dimension.
    """
    from scipy.special import ndtr

    apart = distances(codebook)
    np.fill_diagonal(apart, np.inf)
    each = np.where(apart < 1e-2, 1.0, ndtr(-apart / (2 * sigma)))
    return np.clip(each.sum(axis=1), 1e-300, 1.0)


def universal(codebook, sigma, shift) -> float:
    """Return an upper bound on the BLER under any universal p.

    It is at most 1 - 1/M: for each noise, the codeword that is farthest in the
    direction of p + noise is decided correctly. The shift is ||p|| / sigma; for the
    others see union_bounds.
    """
    half, units = _pairs(codebook)
    found = _bound(half / sigma, units, shift) / len(codebook)
    return min(found, 1 - 1 / len(codebook))


def least(dual, limits, scale) -> float:
    """Return the smallest bound found of dual(Lagrange multipliers [K]).

    There are limits of K constraints; `scale` is the bound with all multipliers 0.
    """
    from scipy.optimize import minimize

    def value(x):
        return max(float(dual(np.exp(np.clip(x, -600, 600)))), 1e-300)

    if not scale > 0:
        return 1e-300
    start = np.log(scale / (2 * limits))
    simplex = np.vstack([start, start + 2 * np.eye(len(start))])
    options = {"initial_simplex": simplex, "maxfev": 400, "xatol": 1e-2, "fatol": 1e-5}
    found = minimize(
        lambda x: np.log(value(x)), start, method="Nelder-Mead", options=options
    )
    return min(value(found.x), scale)


def _f(half, a):
    """Return Q(half - a) + Q(half + a), which increases with |a|."""
    from scipy.special import ndtr

    return ndtr(a - half) + ndtr(-a - half)


def _pairs(codebook):
    """Return half distances and unit vectors [pairs, D], in the span of all."""
    reals = to_reals(codebook).astype(float)
    first, second = np.triu_indices(len(reals), 1)
    way = reals[second] - reals[first]
    _, size, axes = np.linalg.svd(reals - reals.mean(axis=0), full_matrices=False)
    way = way @ axes[size > 1e-9 * size[0]].T
    length = np.linalg.norm(way, axis=1)
    return length / 2, way / np.where(length > 0, length, 1)[:, None]


def _bound(half, units, shift):
    """Return an upper bound on the sum of f over pairs; lengths are in sigma."""
    rise = _f(half, shift) - _f(half, 0)
    c = rise / rise.max() if rise.max() > 0 else np.ones_like(half)
    dimensions = units.shape[1]
    edges = np.linspace(0, 1, _CELLS + 1)
    low, high = edges[:-1], edges[1:]  # f and the constraints at their best in a cell
    limits, prices = [np.linalg.eigvalsh((units.T * c) @ units)[-1]], [low]
    if 1 < dimensions <= _MOST_DIMENSIONS:
        even = 1 / dimensions
        w = np.einsum("ji,jk->jik", units, units) - even * np.eye(dimensions)
        w = w.reshape(len(w), -1)
        limits.append((1 - even) * np.linalg.eigvalsh((w.T * c) @ w)[-1])
        prices.append((np.clip(even, low, high) - even) ** 2)
    limits, prices = np.array(limits), np.stack(prices)
    # The smallest half distance and weight, and the size, of each group of pairs.
    groups = np.array_split(np.argsort(half), min(len(half), _GROUPS))
    rows = [(half[group].min(), c[group].min(), len(group)) for group in groups]
    half, c, count = np.array(rows).T
    gain = _f(half[:, None], shift * np.sqrt(high))

    def dual(multipliers):
        left = gain - c[:, None] * (multipliers @ prices)
        return multipliers @ limits + count @ left.max(axis=1)

    return least(dual, limits, float(count @ gain[:, -1]))
