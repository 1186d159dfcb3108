# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of counts from published messages, in which each block is counted once."""

import functools
import sys

from advphy_model.air.channels import canonical
from advphy_model.measure import table
from advphy_model.measure.link_chain import Counts

NUMBERS = ("seed", Counts.FIRST, *Counts.SUMS)  # 0 where a publisher sends none


class PublishedCounts:
    """Counts of publishers so far, in addition to the rows of a file.

    The counts of a segment grow with each message; the latest message is used. Blocks
    with the same setting, seed and index have the same noise, even in another run or
    counter, so they are not counted again: of overlapping ranges the longest is kept.

    Args:
        rows: Counts of the file; of each link, all are of one model.
    """

    def __init__(self, rows=()):
        self._before = list(rows)
        self._models = {row.link: row.model_sha256 for row in rows}
        self._segments = {}
        self.refused = {}  # name of the counter -> why its counts give no row

    def take(self, message) -> bool:
        """Process a message of published.decode; return whether a row has changed."""
        if message["kind"] != "counts" or not message["blocks"]:
            return False
        try:
            row = _row(message)
            if self._models.setdefault(row.link, row.model_sha256) != row.model_sha256:
                raise ValueError(f"there are counts of another model '{row.link}'")
        except ValueError as error:
            self.refused[message["name"]] = str(error)
            return False
        key = message["run"], message["block"], row.order
        present = self._segments.get(key)
        if present is not None and present[0].blocks >= row.blocks:
            return False
        self._segments[key] = row, message["name"]
        return True

    def rows(self) -> list:
        """Return all rows, including those of the file."""
        return self._longest()[0]

    def counted_twice(self) -> list:
        """Return the sorted names of counters with omitted rows."""
        kept, left_out = self._longest()
        names = {id(row): name for row, name in self._segments.values()}
        found = {names.get(id(row)) for row in left_out if row not in kept}
        return sorted(found - {None})

    def _longest(self):
        new = [row for row, _ in self._segments.values()]
        return table.longest([*self._before, *new])


_canonical = functools.lru_cache(256)(canonical)  # looks into folders


def _row(message):
    if type(message["settings"].get("ebn0_db")) not in (int, float):
        raise ValueError("the settings have no ebn0_db")
    if message.get("missed_frames"):
        raise ValueError("bursts were missed, so the range of blocks has gaps")
    if message["block_errors"] + message["erasures"] > message["blocks"]:
        raise ValueError("more blocks failed than were counted")
    try:
        row = row_of(message)
    except TypeError:
        raise ValueError("psr_db is not a number") from None
    row.require_readable()
    return row


def row_of(message) -> Counts:
    """Return the row of a message of kind "counts"; its ebn0_db may be None."""
    settings = message.get("settings") or {}  # an empty dictionary is nil in PMT
    ebn0_db, psr_db = settings.get("ebn0_db"), settings.get("psr_db")
    attacked = psr_db is not None and settings.get("on", True)
    numbers = {name: message.get(name, 0) for name in NUMBERS}
    numbers["blocks"] = message["blocks"]

    def text(found):
        return sys.intern(str(found))  # the same one in thousands of rows

    return Counts(
        link=text(message["link"]),
        engine="flowgraph",
        ebn0_db=None if ebn0_db is None else float(ebn0_db),
        **{name: int(number) for name, number in numbers.items()},
        model_sha256=text(message.get("model_sha256", "")),
        psr_db=round(float(psr_db), 4) if attacked else None,
        attack=text(settings.get("perturbation", "attack")) if attacked else "none",
        canceller=text(settings.get("canceller", "none")),
        channel=_canonical(str(settings.get("kind", "awgn"))),
    )
