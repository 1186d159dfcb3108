# SPDX-License-Identifier: GPL-3.0-or-later
"""Parsers for ranges of numbers and for random numbers on the command line."""

import contextlib
import math

from advphy_model.air.perturbation import checked_psr_db

from advphy_commands._options import number

MOST_POINTS = 1000


def db_range(name, text):
    """Return the values in dB of "a", "a,b,c" or "first:last:step".

    ValueError for another text, for more than MOST_POINTS, or beyond -100..100 dB.
    """
    wrong = "with FIRST <= LAST and STEP > 0"
    with contextlib.suppress(ValueError, OverflowError):  # int() of an infinite count
        if ":" not in text:
            values = [number(part) for part in text.split(",")]
        else:
            first, last, step = (number(part) for part in text.split(":"))
            if not (step > 0 and first <= last):
                raise ValueError
            wrong = f"with at most {MOST_POINTS} points"
            count = math.floor((last - first) / step + 1e-9) + 1
            if count > MOST_POINTS:
                raise ValueError
            values = [round(first + i * step, 9) for i in range(count)]
        wrong = "within -100..100 dB"
        if all(math.isfinite(v) and abs(v) <= 100 for v in values):
            return values
    rule = f"{name} must be a number, a,b,c or FIRST:LAST:STEP"
    raise ValueError(f"{rule} {wrong}, got '{text}'")


def psr_range(name, text):
    """Return PSRs in dB as db_range does; each must be within -100..60 dB."""
    return [checked_psr_db(value) for value in db_range(name, text)]


def number_or_random(kind):
    """Return a function (option, text) that returns "random", or an int or float."""

    def parse(name, text):
        try:
            return text if text == "random" else kind(text)
        except ValueError:
            rule = "a number or 'random'"
            raise ValueError(f"{name} must be {rule}, got '{text}'") from None

    return parse
