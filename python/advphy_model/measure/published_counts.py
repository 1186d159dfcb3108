# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of counts from published messages: each block counted once, and in one row."""

from advphy_model.air.channels import canonical
from advphy_model.measure.counts import Counts


class PublishedCounts:
    """What publishers counted so far, to be written beside the rows of a file.

    The counts of a segment grow from message to message; the newest stands for it.
    Blocks of one setting and seed that were counted already, by another run or another
    counter, are the same blocks under the same noise, so they are not counted again: of
    ranges that overlap the longest is kept.

    Args:
        rows: Counts that are there already.
    """

    def __init__(self, rows=()):
        self._before = list(rows)
        self._segments = {}
        self.refused = {}  # reason, by name: why counts are no rows

    def take(self, message) -> bool:
        """Take in a measurement; return whether a row has changed.

        Args:
            message: a dictionary of advphy_model.measure.published.decode.
        """
        if message["kind"] != "counts" or not message["blocks"]:
            return False
        try:
            row = _row(message)
        except ValueError as error:
            self.refused[message["name"]] = str(error)
            return False
        key = message["run"], message["block"], row.setting, row.seed, row.first_block
        present = self._segments.get(key)
        if present is not None and present[0].blocks >= row.blocks:
            return False
        self._segments[key] = row, message["name"]
        return True

    def rows(self) -> list:
        """Return the rows, those of before among them."""
        return self._kept()[0]

    def counted_twice(self) -> list:
        """Return the names of counters with blocks that are left out, sorted."""
        return sorted(self._kept()[1])

    def _kept(self):
        ranges = {}
        for row, name in [*((r, None) for r in self._before), *self._segments.values()]:
            ranges.setdefault((row.setting, row.seed), []).append((row, name))
        kept, left_out = [], set()
        for several in ranges.values():
            found, more = _apart(several)
            kept += found
            left_out |= more
        return kept, left_out


def _apart(several):
    """Return the longest of the rows that overlap, and the names of the others."""
    kept, left_out = [], set()
    end = None
    for row, name in sorted(several, key=lambda s: (s[0].first_block, -s[0].blocks)):
        if end is None or row.first_block >= end:
            kept.append((row, name))
            end = row.end
            continue
        last, last_name = kept[-1]
        if row.blocks > last.blocks:
            kept[-1] = row, name
            left_out.add(last_name)
            end = row.end
        elif row != last:
            left_out.add(name)
    return [row for row, _ in kept], left_out - {None}


def _row(message):
    settings = message["settings"]
    ebn0_db = settings.get("ebn0_db")
    if isinstance(ebn0_db, bool) or not isinstance(ebn0_db, (int, float)):
        raise ValueError("their settings have no ebn0_db")
    if message.get("missed_frames"):
        raise ValueError("frames were missed, so their blocks have gaps")
    psr_db, attack = settings.get("psr_db"), str(settings.get("perturbation", "none"))
    if psr_db is None or not settings.get("on", True):
        psr_db, attack = None, "none"
    if message["block_errors"] + message["erasures"] > message["blocks"]:
        raise ValueError("more blocks failed than there were")
    try:
        return Counts(
            message["link"],
            "flowgraph",
            float(ebn0_db),
            int(message["seed"]),
            int(message["first_block"]),
            int(message["blocks"]),
            int(message["block_errors"]),
            int(message["erasures"]),
            message["model_sha256"],
            None if psr_db is None else round(float(psr_db), 4),
            attack,
            str(settings.get("canceller", "none")),
            canonical(str(settings.get("kind", "awgn"))),
        )
    except TypeError:
        raise ValueError("their psr_db is no number") from None
