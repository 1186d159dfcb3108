# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of counts of frames through the modem: read and write.

They have all the columns of counts.py, with engine "burst", so `advphy plot` draws them
beside those of the aligned link, and more.
"""

import csv
import dataclasses
from dataclasses import dataclass
from pathlib import Path

from advphy_model.atomic_file import atomic_file
from advphy_model.measure import counts
from advphy_model.measure.burst_engine import Totals
from advphy_model.measure.counts import Counts
from advphy_model.modem.frame import Frame


@dataclass(frozen=True)
class BurstCounts(Counts):
    """What was counted over one range of frames under one setting.

    Args:
        channel: what the victim's samples go through before the noise.
        frame: layout_label of the frame.
        first_frame: number of the first frame counted.
        frames: sent, from first_frame on without gaps.
        missed_frames: of those, not received. `blocks` are those of frames received.
    """

    channel: str = "awgn"
    frame: str = "default"
    first_frame: int = 0
    frames: int = 0
    missed_frames: int = 0

    @property
    def setting(self) -> tuple:
        """Return what must be equal for two rows to be the same measurement."""
        return (*super().setting, self.channel, self.frame)

    @property
    def layout(self) -> str:
        """Return the settings of the frame other than the default."""
        return self.frame

    def plus(self, totals: Totals):
        """Return the row with what was counted behind it."""
        return dataclasses.replace(
            self,
            frames=self.frames + totals.frames,
            missed_frames=self.missed_frames + totals.missed_frames,
            blocks=self.blocks + totals.blocks,
            block_errors=self.block_errors + totals.block_errors,
            erasures=self.erasures + totals.erasures,
        )


_OWN = ("channel", "frame", "first_frame", "frames", "missed_frames")
COLUMNS = tuple(dict.fromkeys((*counts.COLUMNS, *_OWN)))


def layout_label(frame: Frame) -> str:
    """Return the settings of a frame other than the default, n and energy left out."""
    words = []
    for field in dataclasses.fields(frame)[1:-1]:
        value = getattr(frame, field.name)
        if value != field.default:
            words.append(f"{field.name} {value:g}")
    return ", ".join(words) or "default"


def write(path, rows) -> None:
    """Write rows as CSV, whole or not at all, in their order."""
    with atomic_file(path) as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            values = dataclasses.asdict(row)
            values["psr_db"] = "" if row.psr_db is None else row.psr_db
            writer.writerow(values)


def read(path) -> list:
    """Return the rows of a CSV that write() wrote.

    Raises:
        ValueError: naming the file and what is wrong.
        OSError: when the file cannot be read.
    """
    plain = counts.read(path)
    with open(path, encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    names = [field.name for field in dataclasses.fields(Counts)]
    rows = []
    for row, values in zip(plain, found, strict=True):
        own = {}
        for name in _OWN:
            if values.get(name) is None:
                raise ValueError(
                    f"{path}: column '{name}' is missing; is it a CSV of `advphy "
                    "measure-burst`? choose another --out"
                )
            own[name] = values[name]
            if name not in ("channel", "frame"):
                own[name] = int(values[name])
        rows.append(BurstCounts(**{n: getattr(row, n) for n in names} | own))
    return rows


def read_existing(path) -> list:
    """Return the rows of a CSV, or none when there is no such file yet."""
    return read(path) if Path(path).exists() else []
