# SPDX-License-Identifier: GPL-3.0-or-later
"""Choice of the points of a curve, up to the one at which its BLER is low enough."""

import math

import numpy as np

STEP_DB = 0.1  # resolution of the last point


def next_ebn0_db(measured, grid, down_to):
    """Return the Eb/N0 in dB of the next point of a curve, or None at its end.

    The points are those of the grid until the curve has fallen to `down_to`. A parabola
    in log BLER through the last three points predicts the next one. If that is lower
    than `down_to`, the last point is where the parabola falls to `down_to`, because it
    requires far fewer blocks. Measured are {ebn0_db: BLER} so far; both they and the
    grid, in dB, rise.
    """
    if not measured:
        return grid[0]
    last = max(measured)
    left = [db for db in grid if db > last + 1e-9]
    if not left or measured[last] <= down_to:
        return None
    expected = _parabola(measured)
    if expected is None or expected(left[0]) >= math.log(down_to):
        return left[0]
    steps = round((left[0] - last) / STEP_DB)
    between = [round(last + STEP_DB * i, 9) for i in range(1, steps)]
    lowest = math.log(down_to)
    return next((db for db in between if expected(db) <= lowest), left[0])


def _parabola(measured):
    """Return log BLER as a function of Eb/N0 through the last three points, or None."""
    x, bler = np.transpose(sorted(measured.items())[-3:])
    if len(x) < 3 or bler.min() <= 0:
        return None
    return np.polynomial.Polynomial.fit(x, np.log(bler), 2)
