# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings of checks, and the comparison of two rates."""

import functools
from dataclasses import dataclass

from advphy_model.measure.error_rate import Estimate, share


@dataclass(frozen=True)
class Finding:
    """The finding of a check."""

    name: str  # name of the check
    passed: bool  # True if the check found nothing wrong
    numbers: str  # compared numbers, in a sentence
    why: str  # meaning of a failure


def rate(row) -> Estimate:
    """Return the BLER of Counts with its 95 % interval."""
    return share(row.failures, row.blocks)


def show(row) -> str:
    """Return a rate with its interval as text."""
    return rate(row).text()


def exceeds(one, other) -> bool:
    """Return whether one rate is above another and their 95 % intervals are apart."""
    return rate(one).low > rate(other).high


def check(name):
    """Make a check of a function of an Evaluation.

    The function returns None if it does not apply, or else (what is wrong, numbers);
    the check is passed if nothing is wrong. The second paragraph of its docstring
    explains a failure in the report.
    """

    def decorate(function):
        why = " ".join(function.__doc__.partition("\n\n")[2].split())

        @functools.wraps(function)
        def judged(evaluation):
            if (found := function(evaluation)) is None:
                return None
            return Finding(name, not found[0], found[1], why)

        judged.check = name
        return judged

    return decorate


def or_else(wrong, numbers):
    """Return (what is wrong, numbers); the former replaces the latter if not empty."""
    return wrong, "; ".join(wrong) or numbers
