# SPDX-License-Identifier: GPL-3.0-or-later
"""16 points of equal energy in 14 dimensions: two orthogonal 7-simplices.

Squared distances are 16 within a simplex and 14 between the two. By Rankin's bound
(1955), more than 15 points of equal energy E = 7 in 14 dimensions cannot all have
squared distances above 2 E = 14. Points of unequal energy can: pair_and_simplex.
"""

import numpy as np

from advphy_model.link.baselines.nearest_codeword import union_bound
from advphy_model.link.link_model import LinkModel

K, N = 4, 7


def codebook() -> np.ndarray:
    """Return complex [16, 7]: a simplex on the real axes, one on the imaginary axes."""
    hadamard = np.ones((1, 1))
    for _ in range(3):
        hadamard = np.block([[hadamard, hadamard], [hadamard, -hadamard]])
    simplex = hadamard[:, 1:]
    return np.concatenate([simplex, 1j * simplex])


def two_simplices():
    """Return the link with the nearest-codeword decision."""
    return LinkModel("two_simplices", K, N, codebook(), "nearest_codeword")


def two_simplices_bler(ebn0_db: float) -> float:
    """Return the union bound: 7 neighbors at squared distance 16 and 8 at 14."""
    return union_bound(codebook(), K / N, ebn0_db)


LINKS = {"two_simplices": two_simplices}
BLER = {"two_simplices": ("union bound", two_simplices_bler)}
