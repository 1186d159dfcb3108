# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves of block error rates: rows of counts grouped under distinct labels."""

import re
from collections import Counter

from advphy_model.measure import table


def curves(rows, x="ebn0_db") -> dict:
    """Return {label: {x: (failures, blocks)}}, summed over ranges and seeds.

    The label has the link, "over" its channel if that is not "awgn", and what
    distinguishes rows of one link: the engine, the model's hash, the attack, its PSR,
    the canceller. Perturbations crafted separately for each Eb/N0 give one curve.

    Args:
        rows: Counts or RareCounts.
        x: "ebn0_db" or "psr_db". With "psr_db" the Eb/N0 is part of the label if there
            are several, and rows without an attack have x = None.
    """
    return {
        label: {at: (row.failures, row.blocks) for at, row in added(members, x).items()}
        for label, members in by_label(rows, x).items()
    }


def added(rows, x) -> dict:
    """Return {x: row}, where the rows that are equal in the column x are added up."""
    places = {}
    for row in rows:
        places.setdefault(getattr(row, x), []).append(row)
    return {at: table.total(several) for at, several in places.items()}


def by_label(rows, x="ebn0_db") -> dict:
    """Return {label: rows} with the labels of `curves`."""
    rows = list(rows)
    name_of = _labels(rows, x)
    found = {}
    for row in rows:
        found.setdefault(name_of(row), []).append(row)
    return found


def _labels(rows, x):
    several = len({row.engine for row in rows}) > 1
    ebn0s = len({row.ebn0_db for row in rows})
    hashes = {(row.link, row.model_sha256) for row in rows}
    models = Counter(link for link, _ in hashes)

    def point(row):  # rows with the same point should have the same perturbation
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
