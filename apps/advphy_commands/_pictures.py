# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures of `advphy plot`: from its words to numbers and the function to draw."""

from pathlib import Path

from advphy_model.air.perturbation import checked_psr_db
from advphy_model.link import links

from advphy_commands import _plot_inputs, _transfer
from advphy_commands._plot_inputs import COUNTS, LINK, PERTURBATION, SEMANTIC

EBN0_DB, PSR_DB = 8.0, -6.0  # the usual setting of [gan, Sec. IV]
# What a word alone is drawn as, and which options belong to which picture.
NATURAL = {COUNTS: "bler", SEMANTIC: "semantic"}
NATURAL |= {LINK: "constellation", PERTURBATION: "perturbation"}
OPTIONS = {
    **dict.fromkeys(("--x", "--at-bler", "--claim"), ("bler",)),
    "--ebn0-db": ("decision-regions", "perturbation", "transfer-matrix"),
    "--psr-db": ("decision-regions", "perturbation", "transfer-matrix"),
    "--perturbation": ("decision-regions", "transfer-matrix"),
    "--codewords": ("decision-regions",),
    "--link": ("perturbation",),
    **dict.fromkeys(("--attack", "--min-errors", "--max-blocks"), ("transfer-matrix",)),
}


def bler(settings, words):
    """Return the numbers of BLER curves and what draws them."""
    from advphy_figures import bler_curves

    _plot_inputs.of_one_kind(words, COUNTS)
    rows, wanted = _plot_inputs.read_counts(words), settings.curves
    described = bler_curves.describe(rows, wanted.x, wanted.claim)
    if wanted.at_bler is not None:
        described["at_bler"] = _at_bler(rows, described["x"], wanted.at_bler)
    return described, bler_curves.draw_described


def _at_bler(rows, x, rate):
    from advphy_model.measure import curves, error_rate

    if x != "ebn0_db":
        raise ValueError("--at-bler reads an Eb/N0, but x is psr_db; add --x ebn0_db")
    found = curves.curves(rows).items()
    needed = {label: error_rate.ebn0_db_at(points, rate) for label, points in found}
    return {"bler": rate, "ebn0_db": needed}


def semantic(settings, words):
    """Return the numbers of MSE and accuracy over SNR and what draws them."""
    from advphy_figures import semantic_curves

    described = semantic_curves.describe(_plot_inputs.read_semantic(words))
    return described, semantic_curves.draw_described


def secrecy(settings, words):
    """Return the numbers of the secrecy frontier and what draws it."""
    from advphy_figures import semantic_curves

    described = semantic_curves.describe_frontier(_plot_inputs.read_semantic(words))
    return described, semantic_curves.draw_frontier


def constellation(settings, words):
    """Return the numbers of codebooks and what draws them."""
    from advphy_figures import constellation

    _plot_inputs.of_one_kind(words, LINK)
    described = constellation.describe([links.load(word) for word in words])
    return described, constellation.draw_described


def decision_regions(settings, words):
    """Return the numbers of a slice of a link's decisions and what draws them."""
    from advphy_figures import decision_regions, decision_slice

    _plot_inputs.of_one_kind(words, LINK)
    model, wanted, p = links.load(_alone("link", words)), settings.attacked, None
    if wanted.perturbation:
        file = _alone("perturbation", wanted.perturbation)
        (p,) = _plot_inputs.read_perturbations([file], wanted.psr_db)
    elif wanted.psr_db is not None:
        raise ValueError("--psr-db needs a perturbation; give --perturbation FILE, too")
    ebn0_db = _or(wanted.ebn0_db, EBN0_DB)
    described = decision_slice.describe(model, ebn0_db, p, wanted.codewords)
    return described, decision_regions.draw_described


def perturbation(settings, words):
    """Return the numbers of a perturbation in signal space and what draws them."""
    from advphy_figures import signal_space

    _plot_inputs.of_one_kind(words, PERTURBATION)
    file, wanted = _alone("perturbation", words), settings.attacked
    (p,) = _plot_inputs.read_perturbations([file], wanted.psr_db)
    model = _plot_inputs.link_of(p, wanted.link)
    ebn0_db = _or(wanted.ebn0_db, _or(p.ebn0_db, EBN0_DB))
    return signal_space.describe(p, model, ebn0_db), signal_space.draw_described


def transfer_matrix(settings, words):
    """Return the numbers of a transfer matrix, counted or measured, and its drawing."""
    from advphy_figures import look, transfer_matrix

    wanted = settings.attacked
    if _plot_inputs.of_one_kind(words) == COUNTS:
        rows = _plot_inputs.read_counts(words)
        for name in ("ebn0_db", "psr_db"):
            value = getattr(wanted, name)
            if value is not None:
                rows = [r for r in rows if getattr(r, name) in (value, None)]
        made = _plot_inputs.read_perturbations(wanted.perturbation)
        made += _plot_inputs.kept_with(words)
    else:
        _plot_inputs.of_one_kind(words, LINK)
        if settings.out is None:
            raise ValueError("--out is missing: the counts are kept next to the figure")
        look.kind_of(settings.out)
        at = _or(wanted.ebn0_db, EBN0_DB), checked_psr_db(_or(wanted.psr_db, PSR_DB))
        names, out = list(dict.fromkeys(words)), Path(settings.out)
        rows, made = _transfer.measure(names, *at, out, wanted)
    return transfer_matrix.describe(rows, made), transfer_matrix.draw_described


def _or(value, default):
    return default if value is None else value


def _alone(what, words):
    if len(words) > 1:
        raise ValueError(f"expected one {what}, got {len(words)}: {', '.join(words)}")
    return words[0]


PICTURES = (bler, semantic, secrecy, constellation, decision_regions, perturbation)
PICTURES = {f.__name__.replace("_", "-"): f for f in (*PICTURES, transfer_matrix)}
