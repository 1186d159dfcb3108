# SPDX-License-Identifier: GPL-3.0-or-later
"""BPSK with the Hamming (7,4) code: hard decision and maximum likelihood.

The link uses 7 of the 14 real dimensions, with the same ||x||^2 = n as a learned link.
"""

import math

import numpy as np

from advphy_model.link.baselines.nearest_codeword import entries, q_function, words
from advphy_model.link.link_model import LinkModel
from advphy_model.power import noise_sigma

K, N = 4, 7
# Systematic: four message bits, then three parity bits over three message bits each.
GENERATOR = np.array(
    [
        [1, 0, 0, 0, 1, 1, 0],
        [0, 1, 0, 0, 1, 0, 1],
        [0, 0, 1, 0, 0, 1, 1],
        [0, 0, 0, 1, 1, 1, 1],
    ]
)


def codewords() -> np.ndarray:
    """Return the 16 codewords as bits [16, 7]; row s encodes s, MSB first."""
    return words(K) @ GENERATOR % 2


def hamming74_hard():
    """Return the link with a hard decision per bit that corrects one wrong bit."""
    return LinkModel("hamming74_hard", K, N, 1 - 2 * codewords(), "hard_decision")


def hamming74_hard_bler(ebn0_db: float) -> float:
    """Return the exact BLER 1 - (1-p)^7 - 7 p (1-p)^6 with p = Q(sqrt(2 R Eb/N0))."""
    p = q_function(1 / noise_sigma(ebn0_db, K / N))
    wrong = range(2, N + 1)  # bits; their terms are added, so that none cancel
    return sum(math.comb(N, i) * p**i * (1 - p) ** (N - i) for i in wrong)


LINKS, BLER = entries({"hamming74_ml": (N, K, lambda: 1 - 2 * codewords())})
LINKS["hamming74_hard"] = hamming74_hard
BLER["hamming74_hard"] = "closed form", hamming74_hard_bler
