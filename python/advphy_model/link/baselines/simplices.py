# SPDX-License-Identifier: GPL-3.0-or-later
"""Codebooks of 16 points in 14 dimensions: two simplices in orthogonal subspaces.

Of equal energy (two_simplices): two 7-simplices, with squared distances of 16 within a
simplex and 14 between the two. By Rankin's bound (1955), more than 15 points of equal
energy E = 7 in 14 dimensions cannot all have squared distances above 2 E = 14.

Of unequal energy: a pair and a simplex of 14 take 1 + 13 of the 14 real dimensions, a
triangle and a simplex of 13 take 2 + 12. If a simplex of b points has squared radius r,
its squared distances are 2 r b / (b - 1), and those between the two are the same if the
smaller simplex has squared radius r (b + 1) / (b - 1). With the mean energy 7 they are
14.79 and 14.71.

The pair is the best that a search for the least union bound found from any start at
8 dB (`advphy train max_margin --set objective=union_bound`), but a universal
perturbation along the pair hits both of its messages: BLER 7.6e-3 at PSR -6 dB, where
the triangle has 5.0e-3 and two_simplices 4.8e-3 (docs/results.md).
"""

from functools import partial

import numpy as np

from advphy_model.complex_baseband import to_complex
from advphy_model.link.baselines.nearest_codeword import entries

K, N = 4, 7


def simplex(points: int) -> np.ndarray:
    """Return the corners of a simplex of radius 1, [points, points - 1]."""
    from scipy.linalg import helmert

    return helmert(points).T * np.sqrt(points / (points - 1))


def unequal(small: int) -> np.ndarray:
    """Return complex [16, 7]: the simplex of `small` points first, then the other."""
    large = 2**K - small
    ratio = (large + 1) / (large - 1)  # of the squared radii
    radius = 2**K * N / (small * ratio + large)  # squared, of the large simplex
    reals = np.zeros((2**K, 2 * N))
    reals[:small, : small - 1] = np.sqrt(radius * ratio) * simplex(small)
    reals[small:, small - 1 :] = np.sqrt(radius) * simplex(large)
    return to_complex(reals)


def equal() -> np.ndarray:
    """Return complex [16, 7]: a simplex on the real axes, one on the imaginary axes."""
    from scipy.linalg import hadamard

    corners = hadamard(8)[:, 1:]
    return np.concatenate([corners, 1j * corners])


CODEBOOKS = {
    "two_simplices": equal,
    "pair_and_simplex": partial(unequal, 2),
    "triangle_and_simplex": partial(unequal, 3),
}
LINKS, BLER = entries({name: (N, K, made) for name, made in CODEBOOKS.items()})
