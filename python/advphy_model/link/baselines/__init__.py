# SPDX-License-Identifier: GPL-3.0-or-later
"""Conventional links, one file each, found by file name.

A baseline module has LINKS, functions without arguments that return a link model by its
name, and BLER, by name (what it is, the block error rate as a function of Eb/N0 in dB).
"""

import sys

from advphy_model import found_by_name


def table(name: str) -> dict:
    """Return the entries of all modules' tables of a name, LINKS or BLER."""
    found = {}
    for module in found_by_name.modules(sys.modules[__name__]):
        found.update(getattr(module, name, {}))
    return found
