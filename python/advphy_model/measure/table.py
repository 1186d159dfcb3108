# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of counts: read, write, add up and continue rows of any schema.

A row holds the counts of one range of items under one setting. Its schema is a frozen
dataclass below Row: link_chain.Counts, burst_chain.BurstCounts and
semantic_counts.SemanticCounts. Rates are derived elsewhere.
"""

import csv
import dataclasses
import math
import typing
from pathlib import Path

from advphy_model.atomic_file import atomic_file
from advphy_model.version import __version__


def names(text: str) -> tuple:
    """Return the names of columns that a text has between spaces."""
    return tuple(text.split())


class Row:
    """What the schemas share: which columns name, place and count.

    Class attributes:
        SETTING: columns that must be equal for two rows to add up; the order of rows.
        FIRST: column with the index of the first item.
        SUMS: columns that add up, first of them the number of items.
        COLUMNS: all columns in the order of the file.
        EARLIER: {column: value} of what files of earlier versions lack.
        COMMAND: the command that writes such a table.
    """

    EARLIER: typing.ClassVar[dict] = {}

    @classmethod
    def nothing(cls) -> dict:
        """Return what SUMS come to where nothing is counted."""
        types = typing.get_type_hints(cls)
        return {name: types[name]() for name in cls.SUMS}

    @property
    def first_option(self) -> str:
        """Return the option of a command that gives the index of the first item."""
        return "--" + self.FIRST.replace("_", "-")

    @property
    def setting(self) -> tuple:
        """Return what must be equal for two rows to be the same measurement."""
        return tuple(getattr(self, name) for name in self.SETTING)

    @property
    def first(self) -> int:
        """Return the index of the first item."""
        return getattr(self, self.FIRST)

    @property
    def items(self) -> int:
        """Return the number of items, from the first on without gaps."""
        return getattr(self, self.SUMS[0])

    @property
    def end(self) -> int:
        """Return the index after the last item."""
        return self.first + self.items

    @property
    def order(self) -> tuple:
        """Return the key by which rows are sorted; no PSR comes before any."""
        places = (-math.inf if value is None else value for value in self.setting)
        return *places, self.first

    def plus(self, totals: dict):
        """Return the row with the totals of the items that follow it."""
        sums = {name: getattr(self, name) + more for name, more in totals.items()}
        return dataclasses.replace(self, **sums)

    def joined(self, later):
        """Return one row of this one and a row that continues it."""
        totals = {name: getattr(later, name) for name in self.SUMS}
        return dataclasses.replace(self.plus(totals), version=later.version)

    def columns(self) -> dict:
        """Return the values of the columns as they are written."""
        values = {name: getattr(self, name) for name in self.COLUMNS}
        return {name: "" if value is None else value for name, value in values.items()}

    def require_possible(self) -> None:
        """Raise ValueError for counts that cannot be."""
        raise NotImplementedError


def same_counts(version: str) -> bool:
    """Return whether a version counts as this one does: but for the patch number."""
    return version.rpartition(".")[0] == __version__.rpartition(".")[0]


def add_up(rows) -> list:
    """Return the rows with those joined that continue each other, sorted.

    Raises:
        ValueError: when two rows of one setting count the same item.
    """
    joined = []
    for row in sorted(rows, key=lambda row: row.order):
        last = joined[-1] if joined else None
        if last and last.setting == row.setting:
            if row.first < last.end:
                raise ValueError(
                    f"{row.place}: {row.SUMS[0]} {row.first}.."
                    f"{min(row.end, last.end) - 1} of seed {row.seed} are counted "
                    f"twice; measure with another --seed or {row.first_option}"
                )
            if row.first == last.end and row.version == last.version:
                joined[-1] = last.joined(row)
                continue
        joined.append(row)
    return joined


def longest(rows) -> tuple:
    """Return (rows kept, rows left out): of rows that overlap the longest is kept.

    For counters of one stream, which may count the same items: equal settings, seeds
    and indices have equal counts, so nothing is lost but what is counted twice.
    """
    kept, left_out = [], []
    for row in sorted(rows, key=lambda row: (*row.order, -row.items)):
        last = kept[-1] if kept else None
        if last is None or last.setting != row.setting or row.first >= last.end:
            kept.append(row)
        elif row.items > last.items:
            left_out.append(kept.pop())
            kept.append(row)
        else:
            left_out.append(row)
    return kept, left_out


def write(path, rows, schema) -> None:
    """Write rows of a schema as CSV, whole or not at all, sorted.

    Ranges stay apart, so that each can be continued by itself.

    Raises:
        ValueError: as add_up.
        OSError: when the place cannot be written.
    """
    rows = sorted(rows, key=lambda row: row.order)
    add_up(rows)
    with atomic_file(path) as file:
        writer = csv.DictWriter(file, schema.COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(row.columns() for row in rows)


def read(path, schema) -> list:
    """Return the rows of a CSV; columns beyond those of the schema are ignored.

    Args:
        path: of the CSV.
        schema: subclass of Row.

    Raises:
        ValueError: naming the file, the line and what is wrong.
        OSError: when the file cannot be read.
    """
    rows, types = [], typing.get_type_hints(schema)
    fields = [field.name for field in dataclasses.fields(schema)]
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        try:
            known = {*schema.EARLIER, *(reader.fieldnames or [])}
            missing = [name for name in schema.COLUMNS if name not in known]
            if missing:
                raise ValueError(
                    f"column '{missing[0]}' is missing; is it a CSV of "
                    f"`{schema.COMMAND}`?"
                )
            for values in reader:
                if None in values or None in values.values():
                    raise ValueError("there are more or fewer values than columns")
                values = schema.EARLIER | values
                row = schema(**{n: _value(types[n], n, values[n]) for n in fields})
                row.require_possible()
                rows.append(row)
        except (ValueError, TypeError, csv.Error) as error:
            raise ValueError(f"{path}: line {reader.line_num}: {error}") from None
    return rows


def _value(kind, name, text):
    """Return the value of a column's text; an empty one is None where that may be."""
    choices = typing.get_args(kind)
    if type(None) in choices and not text:
        return None
    kind = choices[0] if choices else kind
    try:
        value = kind(text)
    except ValueError:
        raise ValueError(f"{name} must be a number, got '{text}'") from None
    if kind is float and not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, got {value}")
    return value


def read_existing(path, schema) -> list:
    """Return the rows of a CSV, or none when there is no such file yet."""
    return read(path, schema) if Path(path).exists() else []


def continued(row, rows, out) -> tuple:
    """Return (the row to continue, the most items that it may come to, or None).

    Args:
        row: of a setting, with nothing counted.
        rows: what the table holds already.
        out: name of the table, for the error.

    Raises:
        ValueError: when the first item is inside a range that is counted already, or
            the table is of another version.
    """
    same = [old for old in rows if old.setting == row.setting]
    later = [old.first for old in same if old.first > row.first]
    most = min(later) - row.first if later else None
    for old in same:
        if old.first == row.first:
            return old, most
        if old.first < row.first < old.end:
            raise ValueError(
                f"{out}: {row.SUMS[0]} {old.first}..{old.end - 1} of {row.place} are "
                "counted already; choose another --seed, a later "
                f"{row.first_option}, or another --out"
            )
    return row, most


def require_continuable(rows, models: dict, out) -> None:
    """Refuse a table of another version, or of other models of the same names.

    Args:
        rows: what the table holds.
        models: {name: hash} of the links to be measured.
        out: name of the table, for the error.

    Raises:
        ValueError: saying what differs and the remedy.
    """
    for row in rows:
        wanted = models.get(row.link, row.model_sha256)
        if row.model_sha256 != wanted:
            raise ValueError(
                f"{out}: holds counts of another model called '{row.link}' "
                f"({row.model_sha256[:12]}, now {wanted[:12]}); remove it, or choose "
                "another --out"
            )
        if not same_counts(row.version):
            raise ValueError(
                f"{out}: holds counts of version {row.version}, this is {__version__}; "
                "remove it, or choose another --out"
            )
