# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check found, and how two rates are compared."""

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


def exceeds(one, other) -> bool:
    """Return whether the rate of one row lies above that of the other for certain."""
    return rate(one)[1] > rate(other)[2]


def show(row) -> str:
    """Return a rate with its interval as text."""
    value, low, high = rate(row)
    return f"{value:.2e} ({low:.2e}..{high:.2e})"
