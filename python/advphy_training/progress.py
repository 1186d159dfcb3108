# SPDX-License-Identifier: GPL-3.0-or-later
"""The file and the line of early figures while a training runs."""

import csv

from advphy_model.atomic_file import atomic_file


def text(row: dict) -> str:
    """Return a row as a line behind a progress bar, without its step."""
    return ", ".join(
        f"{key} {value:.3g}" for key, value in row.items() if key != "step"
    )


def rows_before(path, step: int) -> list:
    """Return the rows of a progress file up to and including that step."""
    if step == 0 or not path.exists():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if int(row["step"]) <= step]


def write(path, rows):
    """Write the progress file."""
    with atomic_file(path) as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
