# SPDX-License-Identifier: GPL-3.0-or-later
"""A codebook of 16 points of unequal energy: an antipodal pair and a simplex of 14.

The pair takes one of the 14 real dimensions, the simplex the others. With the mean
energy E = 7, squared radii of E 240/212 and E 208/212 make the squared distance
between the two parts that of the simplex: 2 E 224/212 = 14.79. Points of equal energy
cannot all be further apart than 14 (two_simplices). The best codebook of a given mean
energy is not known.
"""

import numpy as np

from advphy_model.complex_baseband import to_complex
from advphy_model.link.baselines.nearest_codeword import union_bound
from advphy_model.link.link_model import LinkModel

K, N = 4, 7
_SIMPLEX = 14  # points


def codebook() -> np.ndarray:
    """Return complex [16, 7]: the pair first, then the simplex."""
    pair, simplex = N * 240 / 212, N * 208 / 212  # squared radii
    reals = np.zeros((2**K, 2 * N))
    reals[:2, 0] = np.sqrt(pair) * np.array([1, -1])
    # The rows of the Helmert matrix but the first are a basis of what is orthogonal to
    # (1, ..., 1); its columns are the corners.
    for row in range(1, _SIMPLEX):
        basis = np.zeros(_SIMPLEX)
        basis[:row], basis[row] = 1, -row
        reals[2:, row] = basis / np.sqrt(row * (row + 1))
    reals[2:] *= np.sqrt(simplex * _SIMPLEX / (_SIMPLEX - 1))
    return to_complex(reals)


def pair_and_simplex():
    """Return the link with the nearest-codeword decision."""
    return LinkModel("pair_and_simplex", K, N, codebook(), "nearest_codeword")


def pair_and_simplex_bler(ebn0_db: float) -> float:
    """Return the union bound: all but the pair at squared distance 14.79."""
    return union_bound(codebook(), K / N, ebn0_db)


LINKS = {"pair_and_simplex": pair_and_simplex}
BLER = {"pair_and_simplex": ("union bound", pair_and_simplex_bler)}
