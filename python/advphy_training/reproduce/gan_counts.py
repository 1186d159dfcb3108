# SPDX-License-Identifier: GPL-3.0-or-later
"""What the curves of a figure came to: by family of links, and all of them together."""

from dataclasses import dataclass, field


@dataclass
class Reproduced:
    """Counts of a figure's curves.

    Args:
        families: how many families of links (seeds) were measured.
        counts: {(family, link, attack key or "clean"): {ebn0_db: Counts of each p}};
            `link` is the shipped link's name in every family.
    """

    families: int
    counts: dict = field(default_factory=dict)

    def of_family(self, family) -> dict:
        """Return {(link, key): {ebn0_db: (failures, blocks)}} of one family."""
        return {
            (link, key): {db: _sum(rows) for db, rows in points.items()}
            for (owner, link, key), points in self.counts.items()
            if owner == family
        }

    def added_up(self, link, key) -> dict:
        """Return {ebn0_db: (failures, blocks)} over the families.

        A row that several families share, such as a baseline's, counts once. Where a
        family has no point, because its curve has ended, there is none.
        """
        curves = self._of(link, key)
        return {
            db: _sum({row for points in curves for row in points[db]})
            for db in self._common(link, key)
        }

    def spread(self, link, key) -> dict:
        """Return {ebn0_db: (lowest, highest BLER of a family)}; one family has none."""
        if self.families < 2:
            return {}
        return {
            db: (min(rates), max(rates))
            for db in self._common(link, key)
            if (rates := [_bler(points[db]) for points in self._of(link, key)])
        }

    def _of(self, link, key):
        return [self.counts.get((i, link, key), {}) for i in range(self.families)]

    def _common(self, link, key):
        return sorted(set.intersection(*map(set, self._of(link, key))))


def _sum(rows):
    """Return (failures, blocks) of rows."""
    return sum(row.failures for row in rows), sum(row.blocks for row in rows)


def _bler(rows):
    failures, blocks = _sum(rows)
    return failures / blocks
