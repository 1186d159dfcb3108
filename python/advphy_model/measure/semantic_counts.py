# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of sums of a semantic link: what Bob's images and Eve's labels came to."""

import csv
import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path

from advphy_model.atomic_file import atomic_file
from advphy_model.version import __version__

BRANCHES = ("bob", "bob_without", "eve")


@dataclass(frozen=True)
class SemanticCounts:
    """What one branch came to over one range of frames under one setting.

    Args:
        link: name of the semantic link.
        engine: "flowgraph" or "loop".
        images: name of the data set; frame i is its image i modulo its size.
        branch: "bob", "bob_without" (without his module), or "eve".
        pair: what Alice sends through: "none" (bypassed), "learned", or a keying.
        snr_db: SNR of this branch in dB.
        seed: of Bob's noise; Eve's is seed + 1.
        first_frame: index of the first image sent.
        frames: images sent, from first_frame on without gaps.
        pixels: of an image.
        reals: of a code.
        erasures: frames with a sample that is not finite; in no other sum.
        squared_error: sum over frames and pixels of (decoded - sent)^2; 0 for Eve.
        correct: frames whose label Eve reads rightly; 0 for Bob.
        signal_energy: sum of ||x||^2 before Alice's module.
        perturbation_energy: sum of ||x' - x||^2.
        transmit_energy: sum of ||x'||^2.
        model_sha256: hash of the link.
        eve: name of Eve; "none" for Bob.
        eve_sha256: hash of Eve; empty for Bob.
        squared_error_squares: sum over frames of the square of a frame's squared
            error, from which the interval of the MSE comes.
        version: of this module.
    """

    link: str
    engine: str
    images: str
    branch: str
    pair: str
    snr_db: float
    seed: int
    first_frame: int
    frames: int
    pixels: int
    reals: int
    erasures: int
    squared_error: float
    correct: int
    signal_energy: float
    perturbation_energy: float
    transmit_energy: float
    model_sha256: str
    eve: str = "none"
    eve_sha256: str = ""
    squared_error_squares: float = 0.0
    version: str = __version__

    @property
    def psr_db(self) -> float | None:
        """Return the realised perturbation-to-signal ratio in dB; None without one."""
        if not self.perturbation_energy:
            return None
        return 10 * math.log10(self.perturbation_energy / self.signal_energy)

    @property
    def transmit_power_db(self) -> float | None:
        """Return the power sent, over 1 per real dimension, in dB; None: not known."""
        if not self.transmit_energy:
            return None
        return 10 * math.log10(self.transmit_energy / (self.frames * self.reals))

    @property
    def mse(self) -> float:
        """Return Bob's mean squared error per pixel over the frames not erased.

        NaN when all were: 0 would be the best there is.
        """
        decoded = self.frames - self.erasures
        return self.squared_error / (decoded * self.pixels) if decoded else math.nan

    def mse_interval(self) -> tuple:
        """Return the 95 % interval of the MSE, from the spread over the frames."""
        frames = max(self.frames - self.erasures, 1)
        mean = self.squared_error / frames
        variance = max(self.squared_error_squares / frames - mean**2, 0.0)
        half = 1.96 * math.sqrt(variance / frames) / self.pixels
        return self.mse - half, self.mse + half

    @property
    def accuracy(self) -> float:
        """Return Eve's share of right labels; a frame erased is not right."""
        return self.correct / self.frames

    @property
    def setting(self) -> tuple:
        """Return what must be equal for two rows to be the same measurement."""
        return (
            self.link,
            self.engine,
            self.images,
            self.branch,
            self.pair,
            self.snr_db,
            self.seed,
            self.model_sha256,
            self.eve,
            self.eve_sha256,
            self.version,
        )

    @property
    def end(self) -> int:
        """Return the index behind the last frame."""
        return self.first_frame + self.frames


_FIELDS = [field.name for field in dataclasses.fields(SemanticCounts)]
_SUMS = (
    "frames",
    "erasures",
    "squared_error",
    "squared_error_squares",
    "correct",
    "signal_energy",
    "perturbation_energy",
    "transmit_energy",
)
# psr_db is derived, and there for who reads the file without this module.
COLUMNS = (*_FIELDS[:6], "psr_db", *_FIELDS[6:])


def added(row: SemanticCounts, more: SemanticCounts) -> SemanticCounts:
    """Return the sums of a row and of the one that continues it."""
    sums = {name: getattr(row, name) + getattr(more, name) for name in _SUMS}
    return dataclasses.replace(row, **sums)


def add_up(rows) -> list:
    """Return the rows with those joined that continue each other, sorted.

    Raises:
        ValueError: when two rows of one setting sum the same frame.
    """
    joined = []
    for row in sorted(rows, key=lambda row: (row.setting, row.first_frame)):
        last = joined[-1] if joined else None
        if last and last.setting == row.setting:
            if row.first_frame < last.end:
                raise ValueError(
                    f"{row.link}, {row.branch} at {row.snr_db:g} dB: frames "
                    f"{row.first_frame}..{min(row.end, last.end) - 1} of seed "
                    f"{row.seed} are in two rows; measure with another --seed or "
                    "--first-frame"
                )
            if row.first_frame == last.end:
                joined[-1] = added(last, row)
                continue
        joined.append(row)
    return joined


def write(path, rows) -> None:
    """Write rows as CSV, joined, whole or not at all; ValueError as add_up."""
    rows = add_up(rows)
    with atomic_file(path) as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            psr_db = "" if row.psr_db is None else f"{row.psr_db:.4f}"
            writer.writerow(dataclasses.asdict(row) | {"psr_db": psr_db})


def read(path) -> list:
    """Return the rows of a CSV.

    Raises:
        ValueError: naming the file, the line and what is wrong.
        OSError: when the file cannot be read.
    """
    rows = []
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        try:
            missing = [c for c in COLUMNS if c not in (reader.fieldnames or [])]
            if missing:
                raise ValueError(
                    f"column '{missing[0]}' is missing; is it one of measure-semantic?"
                )
            for values in reader:
                rows.append(_row(values))
        except (ValueError, TypeError, csv.Error) as error:
            raise ValueError(f"{path}: line {reader.line_num}: {error}") from None
    return rows


def read_existing(path) -> list:
    """Return the rows of a CSV, or none when there is no such file yet."""
    return read(path) if Path(path).exists() else []


def _row(values):
    if None in values or None in values.values():
        raise ValueError("there are more or fewer values than columns")
    kinds = SemanticCounts.__annotations__
    row = SemanticCounts(**{name: kinds[name](values[name]) for name in _FIELDS})
    sums = [getattr(row, name) for name in (*_SUMS, "snr_db")]
    if not all(map(math.isfinite, sums)) or row.branch not in BRANCHES:
        raise ValueError("a sum is not a number, or the branch is not known")
    for name, least in {
        "pixels": 1,
        "reals": 1,
        "first_frame": 0,
        "seed": 0,
        **dict.fromkeys(_SUMS, 0),
    }.items():
        if getattr(row, name) < least:
            raise ValueError(f"{name} = {getattr(row, name)}, wanted {least} or more")
    if row.correct + row.erasures > row.frames or row.frames < 1:
        raise ValueError(
            f"{row.correct} right and {row.erasures} erased of {row.frames} frames "
            "cannot be"
        )
    return row
