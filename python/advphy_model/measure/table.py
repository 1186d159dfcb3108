# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of counts: reading, writing, adding and continuing rows of any schema.

A row has the counts of one range of items under one setting. Its schema is a frozen
dataclass derived from Row: link_chain.Counts, burst_chain.BurstCounts or
semantic_counts.SemanticCounts. Rates are not stored.
"""

import codecs
import csv
import dataclasses
import functools
import io
import math
import re
import typing

from advphy_model import file_gate
from advphy_model.atomic_file import atomic_file
from advphy_model.user_folders import user_path
from advphy_model.version import __version__


def names(text: str) -> tuple:
    """Return the column names in a text, separated by spaces."""
    return tuple(text.split())


class Row:
    """Base of all schemas.

    Class attributes:
        SETTING: columns that are equal in rows that are added; they sort the rows.
        FIRST: column with the index of the first item.
        SUMS: columns that are added; the first is the number of items.
        COLUMNS: all columns in the order of the file.
        EARLIER: columns that files of earlier versions do not have; the default holds.
        COMMAND: command that writes such a table.
    """

    EARLIER: typing.ClassVar[tuple] = ()

    @classmethod
    def nothing(cls) -> dict:
        """Return zeros for all SUMS."""
        types = typing.get_type_hints(cls)
        return {name: types[name]() for name in cls.SUMS}

    @property
    def first_option(self) -> str:
        """Return the command option for the index of the first item."""
        return "--" + self.FIRST.replace("_", "-")

    @property
    def setting(self) -> tuple:
        """Return the values of SETTING, which are equal for one measurement."""
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
        """Return the key by which rows are sorted; None is sorted first."""
        places = (-math.inf if value is None else value for value in self.setting)
        return *places, self.first

    def plus(self, totals: dict):
        """Return the row plus the totals of the items that follow."""
        sums = {name: getattr(self, name) + more for name, more in totals.items()}
        return dataclasses.replace(self, **sums)

    def joined(self, later):
        """Return the sum of this row and the row that continues it."""
        totals = {name: getattr(later, name) for name in self.SUMS}
        return dataclasses.replace(self.plus(totals), version=later.version)

    def columns(self) -> dict:
        """Return the values of the columns as they are written."""
        values = {name: getattr(self, name) for name in self.COLUMNS}
        return {name: "" if value is None else value for name, value in values.items()}

    def require_psr(self, name: str = "psr_db") -> None:
        """Raise ValueError unless there is a PSR exactly if there is an attack."""
        psr_db = getattr(self, name)
        if (psr_db is None) != (self.attack == "none"):
            raise ValueError(
                f"{name} must be a number with an attack and empty without, got "
                f"{psr_db} with attack '{self.attack}'"
            )

    def require_readable(self) -> None:
        """Raise ValueError unless read() takes this row from a file."""
        types = typing.get_type_hints(type(self))
        for name, value in vars(self).items():
            _value(types[name], name, "" if value is None else str(value))
        self.require_possible()


def same_counts(version: str) -> bool:
    """Return whether a version differs from this one at most in the patch number."""
    return version.rpartition(".")[0] == __version__.rpartition(".")[0]


def add_up(rows) -> list:
    """Return rows with consecutive ranges joined; ValueError if an item is twice."""
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


def total(rows):
    """Return a row with the sums of rows of one schema, whatever their ranges are."""
    return functools.reduce(lambda one, more: one.joined(more), rows)


def longest(rows) -> tuple:
    """Return (kept rows, omitted rows); of overlapping rows the longest is kept.

    Counters of one stream may count the same items. Equal settings, seeds and indices
    give equal counts, so only items that are counted twice are omitted.
    """
    kept, left_out = [], []
    for row in sorted(rows, key=lambda row: (*row.order, -row.items)):
        last = kept[-1] if kept else None
        if last and last.setting == row.setting and row.first < last.end:
            if row.items <= last.items:
                left_out.append(row)
                continue
            left_out.append(kept.pop())
        kept.append(row)
    return kept, left_out


def write(path, rows, schema) -> None:
    """Write sorted rows of a schema as CSV; the file appears complete or not at all.

    Ranges are not joined, so that each can be continued. Raises ValueError if two rows
    of one setting count the same item; OSError if the file cannot be written.
    """
    rows = sorted(rows, key=lambda row: row.order)
    add_up(rows)
    with atomic_file(path) as file:
        writer = csv.DictWriter(file, schema.COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(row.columns() for row in rows)


def text_of(path) -> str:
    """Return the text of a CSV; ValueError unless it has commas and UTF-8."""
    content, found = file_gate.read_bytes(path, "table"), None
    text = content.decode("utf-8-sig", "replace")
    first = text.partition("\n")[0].strip()
    if content[:4] in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
        found = "is UTF-32"
    elif content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        found = "is UTF-16"
    elif content[9:] and {0} in (set(content[1:40:2]), set(content[:40:2])):
        found = "is UTF-16 without a mark"
    elif "\0" in text or "\ufffd" in text:
        found = "is not UTF-8 text"
    elif first.lower().startswith("sep="):
        found = f"begins with '{file_gate.shown(first)}'"
    elif "," not in first:
        marks = {";": "semicolons", "\t": "tabs", "|": "bars"}
        between = [name for mark, name in marks.items() if mark in first]
        found = f"has {between[0]} between its columns" if between else None
    if found:
        with file_gate.reading(path):
            raise file_gate.FileError(
                f"{found}, expected commas between the columns, decimal points and "
                "UTF-8; export it again as such a CSV"
            )
    return text


def read(path, schema) -> list:
    """Return the rows of a CSV; columns that are not in the schema are ignored.

    Raises ValueError with the line if a column is missing or a value is not valid.
    """
    rows, types = [], typing.get_type_hints(schema)
    fields = [field.name for field in dataclasses.fields(schema)]
    with io.StringIO(text := text_of(path), newline="") as file:
        reader = csv.DictReader(file)
        with file_gate.reading(path):
            try:
                columns = reader.fieldnames or []
                if any(columns.count(name) > 1 for name in schema.COLUMNS):
                    raise ValueError("two columns have the same name")
                known = {*schema.EARLIER, *columns}
                missing = [name for name in schema.COLUMNS if name not in known]
                if missing:
                    raise ValueError(
                        f"column '{missing[0]}' is missing; is it a CSV of "
                        f"`{schema.COMMAND}`?"
                    )
                for values in reader:
                    if None in values or None in values.values():
                        raise ValueError("the number of values is not that of columns")
                    given = [name for name in fields if name in values]
                    row = schema(**{n: _value(types[n], n, values[n]) for n in given})
                    row.require_possible()
                    rows.append(row)
                    file_gate.require_within("rows", len(rows))
                if rows and text[-1] not in '\n\r"':  # "12" may be a part of "123"
                    raise ValueError(
                        "the last line does not end, so the file may be cut off; "
                        "delete that line, or end it if nothing is missing"
                    )
            except Exception as error:
                what = f"line {reader.line_num}: {error}"
                raise file_gate.FileError(what) from None
    return rows


def _value(kind, name, text):
    """Return the value of a column; an empty text is None if the type allows it."""
    choices = typing.get_args(kind)
    if type(None) in choices and not text:
        return None
    kind = choices[0] if choices else kind
    try:
        value = kind(text)
    except ValueError:
        wanted = "a whole number" if kind is int else "a number"
        why = " with a decimal comma" if re.fullmatch(r"[-+\d.]+,\d+", text) else ""
        found = f"'{file_gate.shown(text)}'{why}"
        raise ValueError(f"{name} must be {wanted}, got {found}") from None
    if kind is float and not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, got {value}")
    if kind is str:
        file_gate.require_plain(value, lines=False)
    return file_gate.require_whole(value) if kind is int else value


def read_existing(path, schema) -> list:
    """Return the rows of a CSV, or an empty list if the file does not exist."""
    return read(path, schema) if user_path(path).exists() else []


def continued(row, rows, out) -> tuple:
    """Return (row to continue, largest number of items of this row or None).

    The row of a setting with all counts 0 is sought among the rows of the table `out`.
    Raises ValueError if the first item lies within a range that is counted already.
    """
    unknown = {each.name for each in dataclasses.fields(row) if each.default == ""}

    def fits(old):  # an empty hash of 0.5 may be any
        whole = zip(row.SETTING, old.setting, row.setting, strict=True)
        return all(i in (its, "" if n in unknown else its) for n, i, its in whole)

    same = [old for old in rows if fits(old)]
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
    """Raise ValueError if the rows of the table `out` are of another version or model.

    `models` is {name: hash} of the links to measure.
    """
    for row in rows:
        wanted = models.get(row.link, row.model_sha256)
        if row.model_sha256 != wanted:
            raise ValueError(
                f"{out}: holds counts of another model called '{row.link}' "
                f"({row.model_sha256[:12]}, now {wanted[:12]}); remove the file, or "
                "choose another --out"
            )
        if not same_counts(row.version):
            raise ValueError(
                f"{out}: holds counts of version {row.version}, this is {__version__}; "
                "remove the file, or choose another --out"
            )
