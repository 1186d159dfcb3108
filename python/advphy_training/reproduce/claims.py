# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge a paper's claims from counts, with 95 % intervals."""

import math
from dataclasses import dataclass

from advphy_model.measure.error_rate import ebn0_db_at, interval

HOLDS, FAILS, OPEN = "holds", "does not hold", "not decided"


@dataclass(frozen=True)
class Outcome:
    """What one comparison came to.

    Args:
        condition: of the Comparison.
        state: HOLDS, FAILS, or OPEN: the intervals overlap, or a number is missing.
        numbers: both sides, with intervals.
    """

    condition: str
    state: str
    numbers: str


def compare(comparison, curves) -> Outcome:
    """Return the outcome of a comparison.

    Args:
        comparison: paper_figures.Comparison.
        curves: {(link, attack key or "clean"): {ebn0_db: (failures, blocks)}}.
    """
    points = [curves.get(side, {}) for side in (comparison.better, comparison.worse)]
    if comparison.bler is not None:
        return _compare_db(comparison, points)
    found = [
        _compare_rates(points, db, comparison.margin) for db in comparison.ebn0s_db
    ]
    states = {state for state, _ in found}
    numbers = ", ".join(numbers for _, numbers in found)
    state = states.pop() if len(states) == 1 else OPEN
    return Outcome(comparison.condition, state, numbers)


def _compare_rates(points, ebn0_db, margin):
    """Return (state, numbers) at one Eb/N0 in dB."""
    rates = [bler_at(curve, ebn0_db) for curve in points]
    if None in rates:
        return OPEN, f"no counts at {ebn0_db:g} dB"
    (low, _, high), (other_low, _, other_high) = rates
    numbers = f"{shown_bler(rates[0])} against {shown_bler(rates[1])} at {ebn0_db:g} dB"
    if high <= margin * other_low:
        return HOLDS, numbers
    return FAILS if low > margin * other_high else OPEN, numbers


def _compare_db(comparison, points):
    needed = [ebn0_needed(curve, comparison.bler) for curve in points]
    where = f"for a BLER of {comparison.bler:g}"
    numbers = f"{shown_db(needed[0])} against {shown_db(needed[1])} {where}"
    if None in needed:  # a curve that never falls so low needs more than one that does
        missing = [side is None for side in needed]
        state = {(True, False): FAILS, (False, True): HOLDS}.get(tuple(missing), OPEN)
        return Outcome(comparison.condition, state, numbers)
    (low, _, high), (other_low, _, other_high) = needed
    if high <= other_low + comparison.margin:
        return Outcome(comparison.condition, HOLDS, numbers)
    state = FAILS if low > other_high + comparison.margin else OPEN
    return Outcome(comparison.condition, state, numbers)


def bler_at(points, ebn0_db):
    """Return (low, rate, high) of a curve at an Eb/N0 in dB, or None."""
    if ebn0_db not in points:
        return None
    failures, blocks = points[ebn0_db]
    low, high = interval(failures, blocks)
    return low, failures / blocks, high


def ebn0_needed(points, bler):
    """Return (low, value, high) in dB where a curve falls to a BLER, or None.

    The ends are where the lower and upper ends of the BLERs' intervals do.
    """
    value = ebn0_db_at(points, bler)
    if value is None:
        return None
    bounds = {db: interval(*point) for db, point in points.items() if point[1]}
    ends = [
        ebn0_db_at({db: (bound[side], 1) for db, bound in bounds.items()}, bler)
        for side in (0, 1)
    ]
    outside = (-math.inf, math.inf)  # where an end lies beyond the points
    low, high = (
        beyond if end is None else end
        for end, beyond in zip(ends, outside, strict=True)
    )
    return low, value, high


def verdict(outcomes) -> str:
    """Return the verdict over the outcomes of a claim's comparisons."""
    states = {outcome.state for outcome in outcomes}
    if states == {HOLDS}:
        return "reproduced"
    if states == {FAILS}:
        return "not reproduced"
    held = [outcome.condition for outcome in outcomes if outcome.state == HOLDS]
    if held and FAILS in states:
        return f"only with: {'; '.join(held)}"
    unsure = [outcome.condition for outcome in outcomes if outcome.state == OPEN]
    if held:
        return f"reproduced, but not decided with: {'; '.join(unsure)}"
    if FAILS in states:
        return f"not reproduced; not decided with: {'; '.join(unsure)}"
    return "not decided"


def shown_bler(bounds):
    """Return a BLER with its interval."""
    if bounds is None:
        return "not measured"
    low, rate, high = bounds
    return f"{rate:.2e} ({low:.2e}..{high:.2e})"


def shown_db(bounds):
    """Return an Eb/N0 with its interval."""
    if bounds is None:
        return "not within the points"
    low, value, high = bounds
    return f"{value:.2f} dB ({low:.2f}..{high:.2f})"
