# SPDX-License-Identifier: GPL-3.0-or-later
"""The optimal codebook of 16 points in 14 dimensions: two orthogonal 7-simplices.

Squared distances are 16 within a simplex and 14 between the two. Rankin's bound (1955)
allows no more than 2 E = 14 for more than 15 points of energy E = 7 in 14 dimensions.
"""

import numpy as np

from advphy_model.link.baselines.nearest_codeword import union_bound
from advphy_model.link.link_model import LinkModel

K, N = 4, 7


def codebook() -> np.ndarray:
    """Return [16, 7] complex: a simplex on the real axes, one on the imaginary axes."""
    hadamard = np.ones((1, 1))
    for _ in range(3):
        hadamard = np.block([[hadamard, hadamard], [hadamard, -hadamard]])
    simplex = hadamard[:, 1:]
    return np.concatenate([simplex, 1j * simplex])


def two_simplices():
    """Return the link with the nearest-codeword decision."""
    return LinkModel("two_simplices", K, N, codebook(), "nearest_codeword")


def two_simplices_bler(ebn0_db: float) -> float:
    """Return the union bound: 7 neighbors at 16 and 8 at 14, squared."""
    return union_bound(codebook(), K / N, ebn0_db)


LINKS = {"two_simplices": two_simplices}
BLER = {"two_simplices": ("union bound", two_simplices_bler)}
