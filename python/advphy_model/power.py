# SPDX-License-Identifier: GPL-3.0-or-later
"""Power of codewords, noise and perturbations.

A codeword has one unit of energy per channel use on average over the codebook:
E||x||^2 = n over its n complex symbols. A semantic code of L reals has one unit per
REAL dimension: E||x||^2 = L. Noise variance is per REAL dimension in both cases.
"""

import math

import numpy as np

from advphy_model.checked_values import checked_number
from advphy_model.found_by_name import require_known


def from_db(value_db: float) -> float:
    """Return the linear ratio of a value in decibels."""
    return 10 ** (value_db / 10)


def noise_variance(ebn0_db: float, rate: float) -> float:
    """Return the noise variance per real dimension.

    A codeword has one unit of energy per channel use, so

        sigma^2 = 1 / (2 R Eb/N0)                       [gan, Sec. II-A]

    Args:
        ebn0_db: energy per information bit over N0, in dB.
        rate: R = k/n, information bits per channel use.

    Raises ValueError if ebn0_db is not in -100..100.
    """
    return 1 / (2 * rate * _ratio("ebn0_db", ebn0_db))


def noise_sigma(ebn0_db: float, rate: float) -> float:
    """Return the standard deviation of the noise per real dimension."""
    return math.sqrt(noise_variance(ebn0_db, rate))


def snr_noise_variance(snr_db: float) -> float:
    """Return the noise variance per real dimension for a semantic code.

    A semantic code has mean x_i^2 = 1 in each real dimension, so

        sigma^2 = 1 / SNR                               [arn, eq. 6]

    Raises ValueError if snr_db is not in -100..100.
    """
    return 1 / _ratio("snr_db", snr_db)


def _ratio(name, value_db):
    return from_db(checked_number(name, value_db, -100, 100, "dB"))


def psr_db_of_limit(epsilon: float, reading: str, reals: int) -> float:
    """Return the PSR in dB that the power limit epsilon of [arn, eq. 20] allows.

    Args:
        epsilon: limit of ||delta||^2 / N.
        reading: how the limit is understood. "per_dimension": the signal has mean
            x_i^2 = 1, so PSR = epsilon. "literal": the signal has E||x||^2 = 1 as
            printed in [arn, Sec. V], so PSR = N epsilon; 0.1 and 23 dimensions give a
            perturbation 3.6 dB ABOVE the signal.
        reals: N, number of real dimensions.
    """
    require_known("power reading", reading, ("per_dimension", "literal"))
    return 10 * math.log10(epsilon * (reals if reading == "literal" else 1))


def snr_db(ebn0_db: float, rate: float) -> float:
    """Return R Eb/N0, the SNR per channel use, in dB."""
    return ebn0_db + 10 * math.log10(rate)


def mean_energy(codebook: np.ndarray) -> float:
    """Return the mean squared norm of the rows of a codebook, complex [M, n]."""
    return float(np.mean(np.sum(np.abs(np.asarray(codebook, complex)) ** 2, axis=1)))


def energy(x: np.ndarray) -> float:
    """Return the sum of |x|^2 over a complex64 array, added in double precision."""
    reals = x.view(np.float32).astype(np.float64).ravel()
    # Not np.dot: BLAS splits long vectors over threads, which changes the last bits.
    return float(np.sum(np.square(reals)))


def psr_db(p: np.ndarray, n: int) -> float:
    """Return the PSR 10 log10(||p||^2 / n) in dB of p at the receiver, complex [n]."""
    return 10 * math.log10(np.sum(np.abs(np.asarray(p, complex)) ** 2) / n)


def perturbation_norm(psr_db: float, n: int) -> float:
    """Return the norm ||p|| of a perturbation with this PSR over n channel uses."""
    return math.sqrt(n * from_db(psr_db))


def psr_db_of_epsilon(epsilon: float, convention: str) -> float:
    """Return the PSR in dB for the scale factor epsilon of [gan, eq. 2].

    The convention is "power": ||p||^2 = epsilon ||x||^2, or "amplitude": ||p|| =
    epsilon ||x||. The paper does not state which one it uses.
    """
    require_known("convention", convention, ("power", "amplitude"))
    return (10 if convention == "power" else 20) * math.log10(epsilon)
