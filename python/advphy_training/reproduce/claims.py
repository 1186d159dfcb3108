# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims of a paper, judged from measured points with 95 % intervals."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from advphy_model.measure.error_rate import ebn0_db_at, interval

HOLDS, FAILS, OPEN = "holds", "does not hold", "not decided"


@dataclass(frozen=True)
class Point:
    """One number of a curve, with its 95 % interval of counting."""

    low: float
    value: float
    high: float


def share(part, whole) -> Point:
    """Return what part of a count it is, such as a block error rate."""
    low, high = interval(part, whole)
    return Point(low, part / whole, high)


@dataclass(frozen=True)
class Condition:
    """One way to ask whether a claim holds.

    Args:
        words: that finish "only with ..."; "": the only way.
        curves: keys of the curves that are looked at.
        judge: function of the curves, each {x: Point}, that returns the state (HOLDS,
            FAILS, or OPEN: the intervals overlap, or a number is missing) and the
            numbers in words.
    """

    words: str
    curves: tuple
    judge: Callable


@dataclass(frozen=True)
class Claim:
    """What a paper says, or what must be asked in addition.

    Args:
        text: the claim.
        source: the paper's words, or why it is asked.
        conditions: all hold when the claim does.
    """

    text: str
    source: str
    conditions: tuple

    def outcomes(self, curves) -> list:
        """Return (words, state, numbers) of each condition, of {key: {x: Point}}."""
        return [
            (each.words, *each.judge(*(curves.get(key, {}) for key in each.curves)))
            for each in self.conditions
        ]


def verdict(families) -> str:
    """Return the verdict on a claim, or how many families came to which.

    Args:
        families: the outcomes of the claim, a list for each family.
    """
    found = Counter(map(_verdict, families))
    if len(found) == 1:
        return next(iter(found))
    count = len(families)
    return "; ".join(f"{n} of {count} seeds: {words}" for words, n in found.items())


def _verdict(outcomes):
    by_state = {state: [] for state in (HOLDS, FAILS, OPEN)}
    for words, state, _ in outcomes:
        by_state[state].append(words)
    if [words for words, _, _ in outcomes] == [""]:
        return outcomes[0][1]
    held, unsure = "; ".join(by_state[HOLDS]), "; ".join(by_state[OPEN])
    if held and by_state[FAILS]:
        return f"only with: {held}"
    if held:
        return "reproduced" + (f", but not decided with: {unsure}" if unsure else "")
    if by_state[FAILS]:
        return "not reproduced" + (f"; not decided with: {unsure}" if unsure else "")
    return "not decided"


# Tests of points at one x.


def below(factor=1.0, more=0.0) -> Callable:
    """Return the test that a point is at most factor times another, plus `more`.

    Their intervals must be apart.
    """

    def test(ours, theirs):
        if ours.high <= factor * theirs.low + more:
            return HOLDS
        return FAILS if ours.low > factor * theirs.high + more else OPEN

    return test


def at_most(factor, more=0.0) -> Callable:
    """Return the test of below() by values alone, for points of the same noise."""
    return lambda ours, theirs: _held(ours.value <= factor * theirs.value + more)


def below_by(least, most) -> Callable:
    """Return the test that a value is below another by least..most."""
    return lambda ours, theirs: _held(least <= theirs.value - ours.value <= most)


def _held(held):
    return HOLDS if held else FAILS


def within(low, high) -> Callable:
    """Return the test that a value lies in low..high."""

    def test(point):
        if low <= point.value <= high:
            return HOLDS
        return FAILS if point.high < low or point.low > high else OPEN

    return test


# Conditions.


def fewer_errors(words, better, worse, at=(8.0,), margin=1.0) -> Condition:
    """Return the condition that a BLER is at most `margin` times another.

    Args:
        words: of the condition.
        better: key of the curve that should lie below ...
        worse: ... this one.
        at: Eb/N0 in dB; it must come out the same at each. An attack that is crafted
            anew has another p at each.
        margin: factor.
    """

    def judge(*curves):
        states, numbers = set(), []
        for x in at:
            points = [curve.get(x) for curve in curves]
            if None in points:
                states.add(OPEN)
                numbers.append(f"no counts at {x:g} dB")
            else:
                states.add(below(margin)(*points))
                numbers.append(f"{' against '.join(map(shown, points))} at {x:g} dB")
        return states.pop() if len(states) == 1 else OPEN, ", ".join(numbers)

    return Condition(words, (better, worse), judge)


def under_all(attacks, better, worse, **options) -> tuple:
    """Return fewer_errors of two links under each of {words: key of the attack}."""
    return tuple(
        fewer_errors(words, (better, attack), (worse, attack), **options)
        for words, attack in attacks.items()
    )


def less_ebn0(words, better, worse, bler, margin) -> Condition:
    """Return the condition that a curve needs at most `margin` dB more than another.

    A curve that never falls to that BLER needs more than one that does.
    """

    def judge(*curves):
        needed = [ebn0_needed(curve, bler) for curve in curves]
        numbers = " against ".join(map(shown_db, needed)) + f" for a BLER of {bler:g}"
        if None in needed:
            missing = tuple(point is None for point in needed)
            states = {(True, False): FAILS, (False, True): HOLDS}
            return states.get(missing, OPEN), numbers
        return below(more=margin)(*needed), numbers

    return Condition(words, (better, worse), judge)


def only(quantity, curves, at, test) -> tuple:
    """Return the only condition of a claim: a test at each x, one of which may fail it.

    Args:
        quantity: "mse" or "accuracy".
        curves: names of the curves of that quantity that are tested.
        at: x that are looked at, as far as they are measured.
        test: of the points at one x.
    """

    def judge(*found):
        xs = [x for x in at if all(x in points for points in found)]
        if not xs:
            return OPEN, "not measured"
        states = {test(*(points[x] for points in found)) for x in xs}
        numbers = "; ".join(
            " against ".join(shown(points[x], ".4f") for points in found)
            + (f" at {x:g} dB" if len(xs) > 1 else "")
            for x in xs
        )
        if len(states) == 1:
            return states.pop(), numbers
        return FAILS if FAILS in states else OPEN, numbers

    return (Condition("", tuple((quantity, curve) for curve in curves), judge),)


def falling(quantity, curve, at) -> tuple:
    """Return the only condition of a claim: a curve falls from each x to the next."""

    def judge(points):
        values = [points[x].value for x in at if x in points]
        falls = all(b < a for a, b in pairwise(values))
        state = OPEN if len(values) < len(at) else HOLDS if falls else FAILS
        return state, ", ".join(f"{value:.3f}" for value in values)

    return (Condition("", ((quantity, curve),), judge),)


# Numbers in words.


def ebn0_needed(curve, bler):
    """Return the Point in dB where a curve falls to a BLER, or None.

    The ends are where the ends of the BLERs' intervals do, or beyond the points.
    """
    ends = {"low": -math.inf, "value": None, "high": math.inf}
    for end, beyond in ends.items():
        points = {x: (getattr(point, end), 1) for x, point in curve.items()}
        found = ebn0_db_at(points, bler)
        ends[end] = beyond if found is None else found
    return None if ends["value"] is None else Point(**ends)


def shown(point, form=".2e") -> str:
    """Return a number with its interval."""
    if point is None:
        return "not measured"
    return f"{point.value:{form}} ({point.low:{form}}..{point.high:{form}})"


def shown_db(point) -> str:
    """Return an Eb/N0 with its interval."""
    if point is None:
        return "not within the points"
    return f"{point.value:.2f} dB ({point.low:.2f}..{point.high:.2f})"
