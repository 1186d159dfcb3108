# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognition and reading of the arguments of `advphy plot`."""

import csv
from pathlib import Path

from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links
from advphy_model.measure import table
from advphy_model.measure.burst_chain import BurstCounts
from advphy_model.measure.link_chain import Counts
from advphy_model.measure.rare_counts import RareCounts
from advphy_model.measure.semantic_counts import SemanticCounts

COUNTS, SEMANTIC = "CSV of counts", "CSV of semantic counts"
LINK, PERTURBATION = "link", "perturbation"
# Kinds of rows, in the order of drawing, by a column that no earlier kind has.
_ROWS = {"missed_frames": BurstCounts, "weight_sum": RareCounts}
_ROWS |= {"branch": SemanticCounts}


def kind_of(word) -> str:
    """Return the kind of an argument: COUNTS, SEMANTIC, LINK or PERTURBATION.

    OSError if a CSV cannot be read, ValueError if the argument is of no kind.
    """
    path = Path(word)
    if word.removesuffix(":nearest_codeword") in links.names():
        return LINK
    if word in Perturbation.names():
        return PERTURBATION
    if path.suffix == ".csv" or (path.exists() and not _is_safetensors(path)):
        return SEMANTIC if "branch" in _columns(path) else COUNTS
    if path.is_file():
        with open(path, "rb") as file:
            marked = Perturbation.KIND.format.encode() in file.read(1 << 20)
        return PERTURBATION if marked else LINK
    links.load(word)  # raises an error that lists the links
    return LINK


def _is_safetensors(path):
    """Return whether a file begins like safetensors: a length, then a JSON object."""
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        return file.read(9)[8:] == b"{"


def _columns(path):
    return next(csv.reader([table.text_of(path).partition("\n")[0]]), [])


def of_one_kind(words, wanted=None) -> str:
    """Return the common kind of all; ValueError if they differ, also from `wanted`."""
    kinds = [kind_of(word) for word in words]
    for word, kind in zip(words, kinds, strict=True):
        if wanted and kind != wanted:
            raise ValueError(f"'{word}' is a {kind}, expected a {wanted}")
        if kind != kinds[0]:
            other = f"'{words[0]}' is a {kinds[0]}; give files of one kind"
            raise ValueError(f"'{word}' is a {kind}, but {other}")
    return kinds[0]


def read_counts(paths) -> list:
    """Return the rows of CSVs of counts, which may be of several kinds.

    ValueError if a file is not a CSV of counts, if blocks are counted twice, or if
    weights of rare errors degenerate; OSError if a file cannot be read.
    """
    found = {schema: [] for schema in (Counts, *_ROWS.values())}
    for path in paths:
        columns = _columns(path)
        schema = next((_ROWS[name] for name in _ROWS if name in columns), Counts)
        found[schema] += table.read(path, schema)
    rows = [row for several in found.values() for row in table.add_up(several)]
    for row in rows:
        if getattr(row, "doubt", None):
            raise ValueError(f"{row.place}: {row.doubt}")
    if not rows:
        raise ValueError(f"{', '.join(map(str, paths))}: there are no counts to draw")
    return rows


def read_perturbations(paths, psr_db=None) -> list:
    """Load perturbations by file or name, and scale them to a PSR in dB if given."""
    found = [Perturbation.load(path) for path in paths]
    return found if psr_db is None else [p.scaled(psr_db) for p in found]


def link_of(p, name):
    """Return the link `name`, or the link that a perturbation was crafted against."""
    if name is not None:
        return links.load(name)
    for victim, sha256 in p.victims.items():
        if victim.removesuffix(":nearest_codeword") in links.names():
            model = links.load(victim)
            if model.sha256 == sha256:
                return model
    raise ValueError(
        f"perturbation '{p.name}' was not crafted against a shipped link; give the "
        "link whose codebook is drawn with --link"
    )
