# SPDX-License-Identifier: GPL-3.0-or-later
"""Additive white Gaussian noise."""

from advphy_model import kernels
from advphy_model.power import noise_sigma


def apply(x, y, *, seed, first_block, rate, ebn0_db, p=None):
    """Write y = x + noise of variance 1/(2 R Eb/N0) per real dimension.

    Source: [gan, Sec. II-A].

    Args:
        x: codewords, complex64 [blocks, n].
        y: received vectors, complex64 [blocks, n]; may be x.
        seed: of the noise.
        first_block: index of the first block.
        rate: R = k/n.
        ebn0_db: Eb/N0 in dB.
        p: perturbation, complex64 [blocks, n], added behind the noise, or None.
    """
    first_real = first_block * 2 * x.shape[1]
    kernels.add_gaussian(seed, first_real, noise_sigma(ebn0_db, rate), x, y, p)
