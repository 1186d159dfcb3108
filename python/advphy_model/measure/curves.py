# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves of block error rates: rows of counts under the labels that tell them apart."""

import re
from collections import Counter


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
