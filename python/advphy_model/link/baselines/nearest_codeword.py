# SPDX-License-Identifier: GPL-3.0-or-later
"""The nearest-codeword decision in numpy, the union bound on its BLER, binary words."""

import math
from functools import partial

import numpy as np

from advphy_model.link.codebook_geometry import distances
from advphy_model.link.link_model import LinkModel
from advphy_model.power import noise_sigma


def words(bits: int) -> np.ndarray:
    """Return all binary words, [2^bits, bits] of 0 and 1; row s is s, MSB first."""
    return (np.arange(2**bits)[:, None] >> np.arange(bits - 1, -1, -1)) & 1


def nearest_codeword(y: np.ndarray, codebook: np.ndarray) -> np.ndarray:
    """Return the message whose codeword is nearest to each y [batch, n], uint8."""
    distance = np.abs(y[:, None, :] - codebook[None]) ** 2
    return distance.sum(axis=2).argmin(axis=1).astype(np.uint8)


def q_function(x: float) -> float:
    """Return the probability that a standard normal exceeds x."""
    return math.erfc(x / math.sqrt(2)) / 2


def entries(codebooks: dict) -> tuple:
    """Return LINKS and BLER (see baselines) of {name: (n, k, function -> codebook)}."""
    links, bounds = {}, {}
    for name, (n, k, codebook) in codebooks.items():
        links[name] = partial(_link, name, k, n, codebook)
        bounds[name] = "union bound", partial(_bound, codebook, k / n)
    return links, bounds


def _link(name, k, n, codebook):
    return LinkModel(name, k, n, codebook(), "nearest_codeword")


def _bound(codebook, rate, ebn0_db):
    return union_bound(codebook(), rate, ebn0_db)


def union_bound(codebook: np.ndarray, rate: float, ebn0_db: float) -> float:
    """Return an upper bound on the BLER of the nearest-codeword decision.

        BLER <= mean over s of sum over t != s of Q(||x_s - x_t|| / (2 sigma))

    for a codebook, complex [M, n], and a rate of k/n bits per channel use.
    """
    sigma = noise_sigma(ebn0_db, rate)
    apart = distances(codebook)[~np.eye(len(codebook), dtype=bool)]
    bound = sum(q_function(d / (2 * sigma)) for d in apart) / len(codebook)
    return min(bound, 1.0)
