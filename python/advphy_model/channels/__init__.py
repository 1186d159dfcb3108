# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels, one file each, found by file name.

A channel module has apply(x, y, *, seed, first_block, rate, ebn0_db): it reads
codewords x, complex64 [blocks, n], and writes received vectors to y, which may be x.
What it does is a pure function of (seed, index of the block).
"""

import importlib
import pkgutil


def names() -> list:
    """Return the names of the channels there are."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def channel(name: str):
    """Return the apply function of the channel of that name."""
    if name not in names():
        raise ValueError(
            f"channel '{name}' is not known; advphy_model/channels has: "
            f"{', '.join(names())}"
        )
    return importlib.import_module(f"{__name__}.{name}").apply
