# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of `advphy plot`: their numbers, and the functions that draw them."""

import importlib
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from advphy_model.air.adversary import Adversary
from advphy_model.air.perturbation import checked_psr_db
from advphy_model.atomic_file import refuse_unwritable
from advphy_model.link import links
from advphy_model.measure import sweep
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import Counts, LinkSetting

from advphy_commands import _plot_inputs, _progress
from advphy_commands._plot_inputs import COUNTS, LINK, PERTURBATION, SEMANTIC

EBN0_DB, PSR_DB = 8.0, -6.0  # the usual setting of these figures
# Default picture of each kind of file, and the pictures that an option belongs to.
NATURAL = {COUNTS: "bler", SEMANTIC: "semantic"}
NATURAL |= {LINK: "constellation", PERTURBATION: "perturbation"}
OPTIONS = dict.fromkeys(("--x", "--at-bler", "--claim"), ("bler",))
OPTIONS |= {
    "--ebn0-db": ("decision-regions", "perturbation", "transfer-matrix"),
    "--psr-db": ("decision-regions", "perturbation", "transfer-matrix"),
    "--perturbation": ("decision-regions", "transfer-matrix"),
    "--codewords": ("decision-regions",),
    "--link": ("perturbation",),
    **dict.fromkeys(("--attack", "--min-errors", "--max-blocks"), ("transfer-matrix",)),
}


def _bler(figure, settings, words):
    rows, wanted = _plot_inputs.read_counts(words), settings.curves
    described = figure.describe(rows, wanted.x, wanted.claim)
    if wanted.at_bler is not None:
        described["at_bler"] = _at_bler(rows, described["x"], wanted.at_bler)
    return described


def _at_bler(rows, x, rate):
    from advphy_model.measure import curves, error_rate

    if x != "ebn0_db":
        raise ValueError("--at-bler needs an Eb/N0 axis, got psr_db; add --x ebn0_db")
    found = curves.curves(rows).items()
    needed = {label: error_rate.ebn0_db_at(points, rate) for label, points in found}
    return {"bler": rate, "ebn0_db": needed}


def _semantic(figure, settings, words):
    return figure.describe(_plot_inputs.read_counts(words))


def _secrecy(figure, settings, words):
    return figure.describe_frontier(_plot_inputs.read_counts(words))


def _constellation(figure, settings, words):
    return figure.describe([links.load(word) for word in words])


def _decision_regions(figure, settings, words):
    from advphy_figures import decision_slice

    model, wanted, p = links.load(_alone("link", words)), settings.attacked, None
    if wanted.perturbation:
        file = _alone("perturbation", wanted.perturbation)
        (p,) = _plot_inputs.read_perturbations([file], wanted.psr_db)
    elif wanted.psr_db is not None:
        raise ValueError("--psr-db needs a perturbation; give --perturbation FILE, too")
    ebn0_db = _or(wanted.ebn0_db, EBN0_DB)
    return decision_slice.describe(model, ebn0_db, p, wanted.codewords)


def _perturbation(figure, settings, words):
    file, wanted = _alone("perturbation", words), settings.attacked
    (p,) = _plot_inputs.read_perturbations([file], wanted.psr_db)
    model = _plot_inputs.link_of(p, wanted.link)
    return figure.describe(p, model, _or(wanted.ebn0_db, _or(p.ebn0_db, EBN0_DB)))


def _transfer_matrix(figure, settings, words):
    from advphy_figures import look

    wanted = settings.attacked
    if _plot_inputs.of_one_kind(words) == COUNTS:
        rows = _plot_inputs.read_counts(words)
        for name in ("ebn0_db", "psr_db"):
            value = getattr(wanted, name)
            if value is not None:
                rows = [r for r in rows if getattr(r, name) in (value, None)]
        folders = [Path(word).with_suffix(".perturbations") for word in words]
        kept = sorted(p for place in folders for p in place.glob("*.safetensors"))
        made = _plot_inputs.read_perturbations([*wanted.perturbation, *kept])
        return figure.describe(rows, made)
    _plot_inputs.of_one_kind(words, LINK)
    if settings.out is None:
        raise ValueError(
            "--out is missing; give the figure, next to which the counts are kept"
        )
    look.kind_of(settings.out)
    models = [links.load(word) for word in dict.fromkeys(words)]
    counts = Path(settings.out).with_suffix(".csv")
    return figure.describe(*_transferred(models, counts, wanted))


def _transferred(models, out, wanted):
    """Measure every link under every perturbation; return (rows, perturbations).

    The counts are also written to `out`, from which an interrupted measurement goes on.
    """
    ebn0_db = _or(wanted.ebn0_db, EBN0_DB)
    psr_db = checked_psr_db(_or(wanted.psr_db, PSR_DB))
    refuse_unwritable(out)
    given = _plot_inputs.read_perturbations(wanted.perturbation, psr_db)
    for p, model in itertools.product(given, models):
        p.require_fit(model)
    rule = StopRule(_or(wanted.min_errors, 200), _or(wanted.max_blocks, 10**7))
    number = len(models) * (len(given or models) + 1 + (not given))
    with _progress.bar(total=number, unit="cell") as bar:
        name = wanted.attack or "universal_pgd"
        made = given or list(_crafted(name, models, psr_db, ebn0_db, out, bar))
        adversaries = [None, *(Adversary(p, psr_db) for p in made)]
        cells, rows = itertools.product(models, adversaries), []
        settings = [LinkSetting(model, ebn0_db, attack=p) for model, p in cells]
        for step in sweep.measure(settings, rule, out, Counts):
            if step.done:
                rows.append(step.row)
                bar.update()
                bar.set_postfix_str(step.row.link)
    return rows, made


def _crafted(name, models, psr_db, ebn0_db, out, bar):
    from advphy_training import attacks

    plan, first = attacks.Plan(psr_db, ebn0_db), models[0]
    for model in models:
        if model.n != first.n:
            raise ValueError(
                f"links '{first.name}' and '{model.name}' have n = {first.n} and "
                f"{model.n}; use links of equal n"
            )
    for model in models:
        bar.set_postfix_str(f"{name} against {model.name}")
        folder = out.with_suffix(".perturbations")
        yield attacks.craft_or_read(name, model, plan, [], folder)
        bar.update()


def _or(value, default):
    return default if value is None else value


def _alone(what, words):
    if len(words) > 1:
        raise ValueError(f"expected one {what}, got {len(words)}: {', '.join(words)}")
    return words[0]


class Picture(NamedTuple):
    """Kind of the files or links of a picture, and how it is made."""

    kind: str | None  # None: describe() checks it
    figure: str  # module of advphy_figures
    describe: Callable  # function (figure, settings, words) that returns the numbers
    draw: str = "draw_described"  # function of the module


PICTURES = {
    "bler": Picture(COUNTS, "bler_curves", _bler),
    "semantic": Picture(SEMANTIC, "semantic_curves", _semantic),
    "secrecy": Picture(SEMANTIC, "semantic_curves", _secrecy, "draw_frontier"),
    "constellation": Picture(LINK, "constellation", _constellation),
    "decision-regions": Picture(LINK, "decision_regions", _decision_regions),
    "perturbation": Picture(PERTURBATION, "signal_space", _perturbation),
    "transfer-matrix": Picture(None, "transfer_matrix", _transfer_matrix),
}


def described(name, settings, words):
    """Return the numbers of a picture, and the function that draws them."""
    picture = PICTURES[name]
    figure = importlib.import_module(f"advphy_figures.{picture.figure}")
    if picture.kind is not None:
        _plot_inputs.of_one_kind(words, picture.kind)
    return picture.describe(figure, settings, words), getattr(figure, picture.draw)
