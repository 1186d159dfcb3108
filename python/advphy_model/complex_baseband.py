# SPDX-License-Identifier: GPL-3.0-or-later
"""Conversion between 2n reals and n complex symbols.

The first n reals are the real parts, the last n the imaginary parts [gan, Sec. II-A].
"""

import numpy as np

LAYOUT = "real parts, then imaginary parts"


def channel_uses(reals: int) -> int:
    """Return the channel uses that carry so many reals; an odd number is padded."""
    return (reals + 1) // 2


def to_reals(x: np.ndarray, reals: int | None = None) -> np.ndarray:
    """Return complex [..., n] as float32 [..., 2n], or its first `reals` columns."""
    x = np.asarray(x)
    both = np.concatenate([x.real, x.imag], axis=-1).astype(np.float32)
    return both if reals is None else both[..., :reals]


def to_complex(x: np.ndarray) -> np.ndarray:
    """Return reals [..., 2n or 2n - 1] as complex64 [..., n], padded with 0."""
    x = np.asarray(x, np.float32)
    n = channel_uses(x.shape[-1])
    out = np.zeros((*x.shape[:-1], n), np.complex64)
    out.real = x[..., :n]
    out.imag[..., : x.shape[-1] - n] = x[..., n:]
    return out


def slot(n: int) -> list:
    """Return the index of the real that each float of n interleaved symbols holds."""
    return [column // 2 + (column % 2) * n for column in range(2 * n)]
