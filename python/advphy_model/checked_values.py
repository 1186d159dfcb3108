# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of values that users give: their kind first, then their range."""

import math
import numbers

import numpy as np


def is_number(value) -> bool:
    """Return whether a value is one real number; a bool or time difference is not."""
    odd = bool, np.timedelta64  # numbers.Real has them
    return isinstance(value, numbers.Real) and not isinstance(value, odd)


def is_whole(value, low: int, high: int) -> bool:
    """Return whether a value is a whole number in low..high; 2.0 is one, True not."""
    return is_number(value) and low <= value <= high and int(value) == value


def checked_whole(name: str, value, low=1, high=2**63 - 1, rule="") -> int:
    """Return a whole number as an int; ValueError, with a rule, unless in low..high."""
    if is_whole(value, low, high):
        return int(value)
    rule = f"a whole number {rule or f'in {low}..{high}'}"
    raise ValueError(f"{name} must be {rule}, got {_shown(value)}")


def checked_number(name: str, value, low=-math.inf, high=math.inf, of="") -> float:
    """Return a number as a float; ValueError unless it is finite and in low..high.

    `of`: its unit, or what else the rule has to say.
    """
    if is_number(value) and low <= value <= high and abs(value) <= 1e300:
        return float(value)
    within = f" in {low:.10g}..{high:.10g}" if math.isfinite(high - low) else ""
    rule = f"a number{within} {of}" if within else f"a finite number {of}"
    raise ValueError(f"{name} must be {rule.strip()}, got {_shown(value)}")


def checked_positive(name: str, value, high=math.inf, of="") -> float:
    """Return a number as a float; ValueError unless it is above 0, finite, <= high."""
    if is_number(value) and 0 < value <= min(high, 1e300):
        return float(value)
    rule = (
        f"above 0, at most {high:.10g} {of}" if math.isfinite(high) else f"above 0 {of}"
    )
    raise ValueError(f"{name} must be {rule.strip()}, got {_shown(value)}")


def checked_kind(name: str, value, kinds, wanted: str):
    """Return a value; ValueError unless it is an instance of one of the kinds."""
    if not isinstance(value, kinds):
        wanted += " or None" if isinstance(None, kinds) else ""
        raise ValueError(f"{name} must be {wanted}, got {value!r}")
    return value


def _shown(value):
    return value if is_number(value) else repr(value)
