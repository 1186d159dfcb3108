# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of counts: read, add up, resume, write. Rates are derived elsewhere."""

import csv
import dataclasses
import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from advphy_model.atomic_file import atomic_file
from advphy_model.version import __version__


@dataclass(frozen=True)
class Counts:
    """What was counted over one range of blocks under one setting.

    Args:
        link: name of the link.
        engine: "flowgraph" or "loop".
        ebn0_db: Eb/N0 in dB.
        psr_db: perturbation-to-signal ratio in dB; None without an attack.
        attack: what the adversary did (Adversary.label); "none".
        canceller: what is in front of the decoder (CancellerSettings.label); "none".
        channel: what the link goes through, written as air.channels.canonical does.
        seed: of messages and noise.
        first_block: index of the first block counted.
        blocks: blocks counted, from first_block on without gaps.
        block_errors: blocks decided for a wrong message.
        erasures: blocks not decided, because a sample was not finite.
        model_sha256: hash of the link model.
        version: of this module.
    """

    link: str
    engine: str
    ebn0_db: float
    seed: int
    first_block: int
    blocks: int
    block_errors: int
    erasures: int
    model_sha256: str
    psr_db: float | None = None
    attack: str = "none"
    canceller: str = "none"
    channel: str = "awgn"
    version: str = __version__

    @property
    def failures(self) -> int:
        """Return the blocks that did not arrive: wrong or erased."""
        return self.block_errors + self.erasures

    @property
    def setting(self) -> tuple:
        """Return what must be equal for two rows to be the same measurement."""
        return (
            self.link,
            self.engine,
            self.ebn0_db,
            self.psr_db,
            self.attack,
            self.canceller,
            self.channel,
            self.model_sha256,
        )

    @property
    def layout(self) -> str:
        """Return how blocks are put into frames; "default" where there are none."""
        return "default"

    @property
    def end(self) -> int:
        """Return the index behind the last block counted."""
        return self.first_block + self.blocks


COLUMNS = (
    "link",
    "engine",
    "ebn0_db",
    "psr_db",
    "attack",
    "canceller",
    "channel",
    "seed",
    "first_block",
    "blocks",
    "block_errors",
    "erasures",
    "model_sha256",
    "version",
)
_NEW = {"channel": "awgn"}  # what columns mean that files of before do not have
_NUMBERS = {
    "seed": int,
    "first_block": int,
    "blocks": int,
    "block_errors": int,
    "erasures": int,
    "ebn0_db": float,
}


def add_up(rows) -> list:
    """Return the rows with those joined that continue each other, sorted.

    Raises:
        ValueError: when two rows of one setting and seed count the same block.
    """
    joined = []
    for row in sorted(rows, key=_order):
        last = joined[-1] if joined else None
        if last and (last.setting, last.seed) == (row.setting, row.seed):
            if row.first_block < last.end:
                raise ValueError(
                    f"{row.link} at {row.ebn0_db:g} dB: blocks {row.first_block}.."
                    f"{min(row.end, last.end) - 1} of seed {row.seed} are "
                    "counted twice; measure with another --seed or --first-block"
                )
            if row.first_block == last.end and row.version == last.version:
                joined[-1] = dataclasses.replace(
                    last,
                    blocks=last.blocks + row.blocks,
                    block_errors=last.block_errors + row.block_errors,
                    erasures=last.erasures + row.erasures,
                )
                continue
        joined.append(row)
    return joined


def curves(rows, x="ebn0_db") -> dict:
    """Return {label: {x: (failures, blocks)}}, ranges and seeds added up.

    The label is the link, "over" its channel if that is not noise alone, with what
    tells rows of one name apart: the engine, the model's hash, the attack, its PSR, the
    canceller. A perturbation crafted anew for each Eb/N0 gives one curve.

    Args:
        rows: Counts.
        x: "ebn0_db"; or "psr_db", and the Eb/N0 is in the label where there are
            several. Rows without an attack then are at x = None.
    """
    found = {}
    for label, members in by_label(rows, x).items():
        points = found.setdefault(label, {})
        for row in members:
            failures, blocks = points.get(getattr(row, x), (0, 0))
            points[getattr(row, x)] = failures + row.failures, blocks + row.blocks
    return found


def by_label(rows, x="ebn0_db") -> dict:
    """Return {label: rows} of the curves; see curves()."""
    rows = list(rows)
    name_of = _labels(rows, x)
    found = {}
    for row in rows:
        found.setdefault(name_of(row), []).append(row)
    return found


def _labels(rows, x):
    """Return the function that gives the label of one of these rows."""
    several = len({row.engine for row in rows}) > 1
    ebn0s = len({row.ebn0_db for row in rows})
    hashes = {(row.link, row.model_sha256) for row in rows}
    models = Counter(link for link, _ in hashes)

    def point(row):  # where there should be one perturbation
        place = row.link, row.engine, row.ebn0_db, row.psr_db
        return *place, without_hash(row.attack), row.canceller, row.channel

    attacks = Counter(p for p, _ in {(point(row), row.attack) for row in rows})
    mixed = {(p[0], p[4]) for p, count in attacks.items() if count > 1}

    def label(row):
        words = [row.link]
        if row.channel != "awgn":
            words[0] += f" over {row.channel}"
        if several:
            words.append(row.engine)
        if models[row.link] > 1:
            words.append(row.model_sha256[:8])
        if row.attack != "none":
            attack = without_hash(row.attack)
            if (row.link, attack) in mixed:
                attack = row.attack
            words.append(attack)
            if x != "psr_db":
                words[-1] += f" at PSR {row.psr_db:g} dB"
        if x == "psr_db" and ebn0s > 1:
            words.append(f"Eb/N0 {row.ebn0_db:g} dB")
        if row.canceller != "none":
            words.append(row.canceller)
        if row.layout != "default":
            words.append(f"frame {row.layout}")
        return ", ".join(words)

    return label


def without_hash(attack: str) -> str:
    """Return an Adversary's label without the hash of its perturbation."""
    return re.sub(r" [0-9a-f]{8}(?=,|$)", "", attack, count=1)


def _order(row):
    psr_db = -math.inf if row.psr_db is None else row.psr_db
    return (
        row.link,
        row.engine,
        row.attack,
        row.canceller,
        row.channel,
        psr_db,
        row.model_sha256,
        row.ebn0_db,
        row.seed,
        row.first_block,
    )


def write(path, rows) -> None:
    """Write rows as CSV, whole or not at all, sorted; ValueError as add_up."""
    rows = sorted(rows, key=_order)
    add_up(rows)
    with atomic_file(path) as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            values = dataclasses.asdict(row)
            values["psr_db"] = "" if row.psr_db is None else row.psr_db
            writer.writerow(values)


def read(path) -> list:
    """Return the rows of a CSV; columns beyond COLUMNS are ignored.

    Raises:
        ValueError: naming the file, the line and what is wrong.
        OSError: when the file cannot be read.
    """
    rows = []
    with open(path, encoding="utf-8", newline="") as file:
        try:
            reader = csv.DictReader(file)
            known = {*_NEW, *(reader.fieldnames or [])}
            missing = [c for c in COLUMNS if c not in known]
            if missing:
                raise ValueError(
                    f"column '{missing[0]}' is missing; is it a CSV of counts?"
                )
            for values in reader:
                rows.append(_row(_NEW | values))
        except (ValueError, TypeError, csv.Error) as error:
            raise ValueError(f"{path}: line {reader.line_num}: {error}") from None
    return rows


def read_existing(path) -> list:
    """Return the rows of a CSV, or none when there is no such file yet."""
    return read(path) if Path(path).exists() else []


def _row(values):
    row = Counts(
        **{
            column: values[column]
            for column in COLUMNS
            if column not in (*_NUMBERS, "psr_db")
        },
        **{column: kind(values[column]) for column, kind in _NUMBERS.items()},
        psr_db=float(values["psr_db"]) if values["psr_db"] else None,
    )
    if not (
        0 <= row.failures <= row.blocks and row.first_block >= 0 <= row.block_errors
    ):
        raise ValueError(
            f"{row.block_errors} errors and {row.erasures} erasures of {row.blocks} "
            "blocks cannot be"
        )
    if not math.isfinite(row.ebn0_db) or (row.psr_db is None) != (row.attack == "none"):
        raise ValueError("ebn0_db must be a number, and psr_db one where an attack is")
    return row
