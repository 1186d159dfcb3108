# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims of the letter as judgements of measured points, with 95 % intervals."""

from dataclasses import dataclass
from itertools import pairwise

from advphy_training.reproduce.claims import FAILS, HOLDS, OPEN, Outcome


@dataclass(frozen=True)
class Claim:
    """What the letter says, or what must be asked beside it.

    Args:
        text: the claim, with the numbers that it is judged by.
        source: the letter's words, or why it is asked.
        judge: function (Measured, family) -> Outcome.
    """

    text: str
    source: str
    judge: object


def within(text, source, quantity, curve, low, high, at):
    """Return the claim that a curve lies in low..high at all the x."""

    def one(curves, x):
        point = curves[0][x]
        if low <= point.value <= high:
            return HOLDS
        return FAILS if point.high < low or point.low > high else OPEN

    return Claim(text, source, _judge(quantity, (curve,), at, one))


def at_most(text, source, quantity, curve, other, factor, at, more=0.0):
    """Return the claim that a curve is at most factor times another, plus `more`.

    Both are measured with the same images and noise, so values are compared, not
    intervals.
    """

    def one(curves, x):
        ours, theirs = (points[x] for points in curves)
        return HOLDS if ours.value <= factor * theirs.value + more else FAILS

    return Claim(text, source, _judge(quantity, (curve, other), at, one))


def lower(text, source, quantity, curve, other, at):
    """Return the claim that a curve is below another, their intervals apart."""

    def one(curves, x):
        ours, theirs = (points[x] for points in curves)
        if ours.high < theirs.low:
            return HOLDS
        return FAILS if ours.low > theirs.high else OPEN

    return Claim(text, source, _judge(quantity, (curve, other), at, one))


def below_by(text, source, quantity, curve, other, least, most, at):
    """Return the claim that a curve is below another by least..most."""

    def one(curves, x):
        ours, theirs = (points[x] for points in curves)
        return HOLDS if least <= theirs.value - ours.value <= most else FAILS

    return Claim(text, source, _judge(quantity, (curve, other), at, one))


def falling(text, source, quantity, curve, at):
    """Return the claim that a curve falls from each x to the next."""

    def judge(measured, family):
        points = _points(measured, quantity, family, curve)
        missing = [x for x in at if x not in points]
        values = [points[x].value for x in at if x in points]
        falls = all(b < a for a, b in pairwise(values))
        state = OPEN if missing else HOLDS if falls else FAILS
        return Outcome(curve, state, ", ".join(f"{v:.3f}" for v in values))

    return Claim(text, source, judge)


def _judge(quantity, curves, at, one):
    def judge(measured, family):
        found = [_points(measured, quantity, family, curve) for curve in curves]
        xs = [x for x in at if all(x in points for points in found)]
        if not xs:
            return Outcome("", OPEN, "not measured")
        states = {one(found, x) for x in xs}
        numbers = "; ".join(
            " against ".join(_shown(points[x]) for points in found)
            + (f" at {x:g} dB" if len(xs) > 1 else "")
            for x in xs
        )
        return Outcome(
            "",
            states.pop() if len(states) == 1 else (FAILS if FAILS in states else OPEN),
            numbers,
        )

    return judge


def _points(measured, quantity, family, curve):
    table = getattr(measured, quantity)
    return {x: point for (f, c, x), point in table.items() if (f, c) == (family, curve)}


def _shown(point):
    return f"{point.value:.4f} ({point.low:.4f}..{point.high:.4f})"
