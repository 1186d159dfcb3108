# SPDX-License-Identifier: GPL-3.0-or-later
"""Hard decision on the signs of a binary codebook."""

import numpy as np


def hard_decision_table(codebook: np.ndarray) -> list:
    """Return the message at least Hamming distance for each of the 2^n sign patterns.

    Bit j of a pattern, from the left, is 1 where Re y[j] < 0. Among equals the smallest
    message is taken.

    Raises:
        ValueError: unless every codeword is made of +a and -a, with n <= 16.
    """
    real = np.asarray(codebook).real
    if np.any(np.asarray(codebook).imag != 0) or np.ptp(np.abs(real)) > 1e-6:
        raise ValueError("hard decision wants a codebook of two real levels +a, -a")
    n = real.shape[1]
    if n > 16:
        raise ValueError(f"hard decision wants n <= 16 channel uses, got {n}")
    patterns = (np.arange(2**n)[:, None] >> np.arange(n - 1, -1, -1)) & 1
    distance = (patterns[:, None, :] != (real < 0)[None]).sum(axis=2)
    return distance.argmin(axis=1).tolist()
