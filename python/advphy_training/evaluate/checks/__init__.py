# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that distrust a robustness evaluation: what a sound one must show.

Each check is a function of an Evaluation that returns a Finding, or None where it does
not apply. A difference counts when the 95 % intervals of the two rates do not meet.
"""

from advphy_training.evaluate.checks import attack_checks, defense_checks

CHECKS = attack_checks.CHECKS + defense_checks.CHECKS


def findings(evaluation) -> list:
    """Return the findings of all checks that apply."""
    found = [check(evaluation) for check in CHECKS]
    return [finding for finding in found if finding is not None]
