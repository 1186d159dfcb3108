# SPDX-License-Identifier: GPL-3.0-or-later
"""Conventional links, one file each, found by file name.

A baseline module has two dictionaries by link name. LINKS holds functions without
arguments that return the link model. BLER holds tuples (kind of formula, function that
returns the block error rate for Eb/N0 in dB).
"""

import sys

from advphy_model import found_by_name


def table(name: str) -> dict:
    """Return the merged entries of LINKS or BLER from all baseline modules."""
    found = {}
    for module in found_by_name.modules(sys.modules[__name__]):
        found.update(getattr(module, name, {}))
    return found
