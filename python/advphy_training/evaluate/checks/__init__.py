# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of a robustness evaluation: what a sound one must show.

Each check is a function of an Evaluation that returns a Finding, or None if it does not
apply. Two rates differ if their 95 % intervals do not overlap.
"""

from advphy_training.evaluate.checks import attack, defense

CHECKS = tuple(
    found
    for module in (attack, defense)
    for found in vars(module).values()
    if hasattr(found, "check")
)


def findings(evaluation) -> list:
    """Return the findings of all checks that apply."""
    found = [check(evaluation) for check in CHECKS]
    return [one for one in found if one is not None]
