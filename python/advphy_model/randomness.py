# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages and noise as pure functions of the seed and the block index.

The numbers come from Philox4x32-10 with the seed as key (lib/random/gaussian.h), so
they are the same bits for any chunk size, thread, engine and instruction set.
"""

import numpy as np

from advphy_model import kernels
from advphy_model.checked_values import checked_whole

LAST_INDEX = 2**48  # the words of an index fit into 64 bits


def checked_seed(seed) -> int:
    """Return the seed as an int; ValueError unless it is in 0..2^64 - 1."""
    return checked_whole("seed", seed, 0, 2**64 - 1, "in 0..2^64 - 1")


def checked_index(name: str, value) -> int:
    """Return an index or count as an int; ValueError unless it is in 0..2^48."""
    return checked_whole(name, value, 0, LAST_INDEX, "in 0..2^48")


def messages(seed: int, first_block: int, blocks: int, k: int) -> np.ndarray:
    """Return the messages of `blocks` blocks from first_block on, uint8 [blocks]."""
    out = np.empty(blocks, np.uint8)
    kernels.messages(seed, first_block, k, out)
    return out


def words(seed: int, stream: str, first: int, count: int) -> np.ndarray:
    """Return Philox words of one of kernels.STREAMS, from `first` on, [count, 4]."""
    out = np.empty((count, 4), np.uint32)
    kernels.random_words(seed, kernels.STREAMS[stream], first, out)
    return out


def noise(seed: int, first_block: int, blocks: int, n: int) -> np.ndarray:
    """Return complex64 [blocks, n] noise with variance 1 per real dimension."""
    out = np.empty((blocks, n), np.complex64)
    kernels.gaussian(seed, first_block * 2 * n, out)
    return out
