# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims of a paper, judged by measured points with 95 % intervals."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from advphy_model.measure.error_rate import Estimate, ebn0_db_at

HOLDS, FAILS, OPEN = "holds", "does not hold", "not decided"


@dataclass(frozen=True)
class Condition:
    """One condition of a claim."""

    words: str  # completion of "only with ..."; "": the only condition
    curves: tuple  # keys of the curves that are judged
    # function of the curves, each {x: Estimate}, that returns the state (HOLDS, FAILS,
    # or OPEN: the intervals overlap, or a number is missing) and the numbers as text
    judge: Callable


@dataclass(frozen=True)
class Claim:
    """A claim of a paper, or one that is tested in addition."""

    text: str
    source: str  # quotation from the paper, or the reason for the test
    conditions: tuple  # all of them hold if the claim does

    def outcomes(self, curves) -> list:
        """Return (words, state, numbers) of each condition for {key: {x: Estimate}}."""
        return [
            (each.words, *each.judge(*(curves.get(key, {}) for key in each.curves)))
            for each in self.conditions
        ]


def verdict(families) -> str:
    """Return the verdict on the outcomes of a claim, a list for each family.

    It contains the number of families if they differ.
    """
    found = Counter(map(_verdict, families))
    if len(found) == 1:
        return next(iter(found))
    count = len(families)
    return "; ".join(f"{n} of {count} seeds: {words}" for words, n in found.items())


def _verdict(outcomes):
    if [words for words, _, _ in outcomes] == [""]:
        return outcomes[0][1]
    held, failed, unsure = (
        "; ".join(words for words, state, _ in outcomes if state == wanted)
        for wanted in (HOLDS, FAILS, OPEN)
    )
    if held and failed:
        return f"only with: {held}"
    if held:
        return "reproduced" + (f", but not decided with: {unsure}" if unsure else "")
    if failed:
        return "not reproduced" + (f"; not decided with: {unsure}" if unsure else "")
    return "not decided"


# Tests of points at one x.


def below(factor=1.0, more=0.0) -> Callable:
    """Return the test of point <= factor * other + more, with intervals apart."""

    def test(ours, theirs):
        if ours.high <= factor * theirs.low + more:
            return HOLDS
        return FAILS if ours.low > factor * theirs.high + more else OPEN

    return test


def at_most(factor, more=0.0) -> Callable:
    """Return the test of below() without intervals, for points of the same noise."""
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

    `better` and `worse` are keys of the curves that should be lower and higher. The
    result must be the same at each Eb/N0 in dB of `at`; an attack that is crafted anew
    has another p at each.
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

    A curve that does not fall to this BLER needs more than one that does.
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
    """Return the only condition of a claim: a test of curves that must hold at each x.

    The quantity is "mse" or "accuracy"; `at` are values of x, as far as measured.
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
        state = _held(falls) if len(values) == len(at) else OPEN
        return state, ", ".join(f"{value:.3f}" for value in values)

    return (Condition("", ((quantity, curve),), judge),)


# Numbers as text.


def ebn0_needed(curve, bler):
    """Return the Estimate in dB at which a curve falls to a BLER, or None.

    Its ends are where the ends of the BLERs' intervals do so, or infinite.
    """
    ends = {"low": -math.inf, "value": None, "high": math.inf}
    for end, beyond in ends.items():
        points = {x: (getattr(point, end), 1) for x, point in curve.items()}
        found = ebn0_db_at(points, bler)
        ends[end] = beyond if found is None else found
    return None if ends["value"] is None else Estimate(**ends)


def shown(point, form=".2e") -> str:
    """Return a number with its interval as text."""
    return "not measured" if point is None else point.text(form)


def shown_db(point) -> str:
    """Return an Eb/N0 with its interval as text."""
    if point is None:
        return "not within the points"
    return point.text(".2f").replace(" ", " dB ", 1)
