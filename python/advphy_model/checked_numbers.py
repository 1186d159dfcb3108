# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of numbers that users give: their kind first, then their range."""

import math
import numbers


def is_number(value) -> bool:
    """Return whether a value is one real number, which True and False are not."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def is_whole(value, low: int, high: int) -> bool:
    """Return whether a value is a whole number in low..high; 2.0 is one, True not."""
    return is_number(value) and low <= value <= high and int(value) == value


def checked_number(name: str, value, low=-math.inf, high=math.inf, of="") -> float:
    """Return a number as a float; ValueError unless it is finite and in low..high.

    `of`: its unit, or what else the rule has to say.
    """
    if is_number(value) and low <= value <= high and abs(value) <= 1e300:
        return float(value)
    within = f" in {low:g}..{high:g}" if math.isfinite(high - low) else ""
    rule = f"a number{within} {of}" if within else f"a finite number {of}"
    raise ValueError(f"{name} must be {rule.strip()}, got {value}")
