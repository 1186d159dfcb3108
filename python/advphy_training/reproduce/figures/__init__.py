# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of papers, one file each, found by file name: gan-fig3 is gan_fig3.py.

A figure module defines TITLE and CLAIMS, the claims.Claims that are judged. A module of
[gan] defines SYSTEMS, the gan_curves.Systems that are drawn, each clean and under each
attack; and ATTACKS, the gan_curves.Attacks, one per panel. A module of [arn] defines
measure(family, measured), X_LABEL, and the {curve: label} of its panels: MSE_CURVES,
ACCURACY_CURVES, and LINES in both.
"""

import sys

from advphy_model import found_by_name


def names() -> list:
    """Return the names of all figures."""
    modules = found_by_name.names(sys.modules[__name__])
    return [name.replace("_", "-") for name in modules]


def figure(name: str):
    """Return the module of a figure; raise ValueError if the name is not known."""
    found_by_name.require_known("figure", name, [*names(), "all"])
    package = sys.modules[__name__]
    return found_by_name.module(package, "figure", name.replace("-", "_"))
