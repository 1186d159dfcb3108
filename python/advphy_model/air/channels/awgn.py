# SPDX-License-Identifier: GPL-3.0-or-later
"""Additive white Gaussian noise."""

import math

from advphy_model import kernels


def apply(x, y, *, seed, first_block, noise_variance, p=None):
    """Write y = x + noise, or y = x + noise + p.

    Source: [gan, Sec. II-A].

    Args:
        x: codewords, complex64 [blocks, n].
        y: received vectors, complex64 [blocks, n]; may be x.
        seed: seed of the noise.
        first_block: index of the first block.
        noise_variance: noise variance per real dimension.
        p: perturbation, complex64 [blocks, n], added after the noise, or None.
    """
    first_real = first_block * 2 * x.shape[1]
    sigma = math.sqrt(noise_variance)
    kernels.add_gaussian(seed, first_real, sigma, x, y, p)
