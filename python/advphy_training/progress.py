# SPDX-License-Identifier: GPL-3.0-or-later
"""Early figures while a training runs: block error rates, clean and attacked."""

import csv

import numpy as np
from advphy_model.atomic_file import atomic_file

from advphy_training.attacks import Plan, universal_fgm
from advphy_training.victim import Victim

EBN0_DB = 5.0  # where a good (7, 4) link fails once in some hundred blocks
PSR_DB = -6.0  # the usual setting of [gan, Sec. IV]
BLOCKS = 200_000  # a rate of 2e-3 then has 5 % of standard deviation
COLUMNS = ("step", "loss", "bler_clean", "bler_attacked", "ebn0_db", "psr_db")


def row(model, step: int, loss: float) -> dict:
    """Return the figures of a link now, by COLUMNS.

    The attack is the quick one, universal FGM crafted against this very link: a lower
    bound of what an adversary reaches, good enough to compare moments of a training.
    """
    victim = Victim(model, EBN0_DB)
    p = universal_fgm.craft([victim], Plan(PSR_DB, EBN0_DB, restarts=8))
    clean, attacked = victim.errors(np.stack([0 * p, p]), BLOCKS, seed=2) / BLOCKS
    values = step, loss, clean, attacked, EBN0_DB, PSR_DB
    return dict(zip(COLUMNS, values, strict=True))


def rows_before(path, step: int) -> list:
    """Return the rows of a progress file up to and including that step."""
    if step == 0 or not path.exists():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if int(row["step"]) <= step]


def write(path, rows):
    """Write the progress file."""
    with atomic_file(path) as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
