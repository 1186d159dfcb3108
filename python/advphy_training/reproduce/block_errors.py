# SPDX-License-Identifier: GPL-3.0-or-later
"""Points and counts of the curves of a figure of [gan], by family and in total."""

import itertools
import math
from dataclasses import dataclass, field

import numpy as np
from advphy_model.measure.error_rate import share

from advphy_training.reproduce.claims import ebn0_needed, shown, shown_db

STEP_DB = 0.1  # resolution of the last point


@dataclass
class BlockErrors:
    """Counts of a figure's curves."""

    families: int  # number of families of links (seeds) that were measured
    # {(family, link, attack key or "clean"): {ebn0_db: Counts of each p}}; `link` is
    # the shipped link's name in every family
    counts: dict = field(default_factory=dict)

    def of_family(self, family) -> dict:
        """Return {(link, key): {ebn0_db: (failures, blocks)}} of one family."""
        return {
            (link, key): {db: added(rows) for db, rows in points.items()}
            for (owner, link, key), points in self.counts.items()
            if owner == family
        }

    def by_family(self) -> list:
        """Return {(link, key): {ebn0_db: Estimate}} of each family, for the claims."""
        return [
            {key: _points(curve) for key, curve in self.of_family(family).items()}
            for family in range(self.families)
        ]

    def added_up(self, link, key) -> dict:
        """Return {ebn0_db: (failures, blocks)}, the sum over the families.

        A row shared by several families, such as that of a baseline, counts once. The
        Eb/N0s are those at which every family has a point.
        """
        every = self._common(link, key).items()
        return {db: added(set(itertools.chain(*rows))) for db, rows in every}

    def spread(self, link, key) -> dict:
        """Return {ebn0_db: (lowest, highest BLER of a family)}; {} for one family."""
        found = {}
        for db, families in self._common(link, key).items():
            rates = [failures / blocks for failures, blocks in map(added, families)]
            found[db] = min(rates), max(rates)
        return found if self.families > 1 else {}

    def _common(self, link, key):
        """Return {ebn0_db: rows of each family} where every family has a point."""
        curves = [self.counts.get((i, link, key), {}) for i in range(self.families)]
        common = sorted(set.intersection(*map(set, curves)))
        return {db: [curve[db] for curve in curves] for db in common}

    def table(self, figure) -> list:
        """Return the lines of a table: BLER at 8 dB, Eb/N0 where BLER is 1e-3."""
        lines = [
            "| system | attack | BLER at 8 dB | Eb/N0 [dB] where BLER is 1e-3 |",
            "|---|---|---|---|",
        ]
        attacks = {"clean": "none"} | {each.key: each.title for each in figure.ATTACKS}
        for system in figure.SYSTEMS:
            name = f"{system.label} (`{system.link}`)"
            for key, title in attacks.items():
                points = _points(self.added_up(system.link, key))
                rate = shown(points.get(8.0))
                if points and max(points) < 8:
                    last = max(points)
                    rate = f"less than {shown(points[last])} at {last:g} dB"
                needed = shown_db(ebn0_needed(points, 1e-3))
                lines.append(f"| {name} | {title} | {rate} | {needed} |")
        return lines


def added(rows) -> tuple:
    """Return (failures, blocks), the sums over rows."""
    return sum(row.failures for row in rows), sum(row.blocks for row in rows)


def _points(curve):
    return {db: share(*counted) for db, counted in curve.items() if counted[1]}


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
