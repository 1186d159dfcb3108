# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check is, what it found, and how two rates are compared."""

import functools
from dataclasses import dataclass

from advphy_model.measure.error_rate import interval


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Args:
        name: of the check.
        passed: whether there is nothing to distrust.
        numbers: what was compared, in a sentence.
        why: what it means when it fails.
    """

    name: str
    passed: bool
    numbers: str
    why: str


def rate(row):
    """Return (BLER, low, high) with the 95 % Wilson interval."""
    return row.failures / row.blocks, *interval(row.failures, row.blocks)


def show(row) -> str:
    """Return a rate with its interval as text."""
    value, low, high = rate(row)
    return f"{value:.2e} ({low:.2e}..{high:.2e})"


def exceeds(one, other) -> bool:
    """Return whether the rate of one row lies above that of the other for certain."""
    return rate(one)[1] > rate(other)[2]


def check(name):
    """Make a check of a function of an Evaluation.

    It returns None where it does not apply, or (what is wrong, numbers); the check is
    passed when nothing is wrong. The second paragraph of its docstring says in the
    report what it means when it fails.
    """

    def decorate(function):
        why = " ".join(function.__doc__.partition("\n\n")[2].split())

        @functools.wraps(function)
        def judged(evaluation):
            found = function(evaluation)
            if found is None:
                return None
            wrong, numbers = found
            return Finding(name, not wrong, numbers, why)

        judged.check = name
        return judged

    return decorate


def or_else(wrong, numbers):
    """Return a list of what is wrong, with itself as the numbers unless it is empty."""
    return wrong, "; ".join(wrong) or numbers
