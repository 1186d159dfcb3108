# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels, one file each, found by file name.

A channel module has apply(x, y, *, seed, first_block, noise_variance, p=None): it reads
codewords x, complex64 [blocks, n], and writes received vectors to y, which may be x;
the noise variance is per real dimension (power.py). A perturbation p, complex64
[blocks, n], is added last of all: y = (x + noise) + p.
What it does is a pure function of (seed, index of the block).
"""

import sys

from advphy_model import found_by_name


def names() -> list:
    """Return the names of the channels there are."""
    return found_by_name.names(sys.modules[__name__])


def channel(name: str):
    """Return the apply function of the channel of that name."""
    return found_by_name.module(sys.modules[__name__], "channel", name).apply
