# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what perturbations made for each of several links do to all of them."""

from pathlib import Path

from advphy_model.air.adversary import Adversary
from advphy_model.atomic_file import refuse_unwritable
from advphy_model.link import links
from advphy_model.measure import sweep
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import Counts, LinkSetting

from advphy_commands import _plot_inputs
from advphy_commands._numbers import whole


def measure(arguments, names, ebn0_db, psr_db):
    """Return (rows of counts, perturbations); counts go beside the figure, too.

    Perturbations are those of --perturbation, or crafted against each link (needs
    torch). The same command again goes on where it stopped.

    Raises:
        ValueError: without --out, or when a perturbation does not fit a link.
    """
    from advphy_training import progress

    if arguments.out is None:
        raise ValueError("--out is missing: the counts are kept beside the figure")
    out = Path(arguments.out).with_suffix(".csv")
    refuse_unwritable(out)
    models = [links.load(name) for name in dict.fromkeys(names)]
    given = _plot_inputs.read_perturbations(arguments.perturbation, psr_db)
    for p in given:
        for model in models:
            p.require_fit(model)
    rows_of_cells = len(given or models) + 1
    rule = StopRule(
        whole("--min-errors", arguments.min_errors or "200"),
        whole("--max-blocks", arguments.max_blocks or "1e7"),
    )
    cells = len(models) * (rows_of_cells + (not given))
    with progress.bar(total=cells, unit="cell") as bar:
        made = given or list(_crafted(arguments, models, ebn0_db, psr_db, out, bar))
        adversaries = [None, *(Adversary(p, psr_db) for p in made)]
        settings = [
            LinkSetting(model, ebn0_db, attack=attack)
            for model in models
            for attack in adversaries
        ]
        steps = sweep.measure(settings, rule, out, Counts)
        rows = []
        for step in steps:
            if step.done:
                rows.append(step.row)
                bar.update()
                bar.set_postfix_str(step.row.link)
    return rows, made


def _crafted(arguments, models, ebn0_db, psr_db, out, bar):
    from advphy_training import crafted
    from advphy_training.attacks import Plan

    name = arguments.attack or "universal_pgd"
    for model in models:
        for other in models:
            if other.n != model.n:
                raise ValueError(
                    f"links '{model.name}' and '{other.name}' have n = {model.n} and "
                    f"{other.n}; an attack transfers only between equal n"
                )
    for model in models:
        bar.set_postfix_str(f"{name} against {model.name}")
        plan = Plan(psr_db=psr_db, ebn0_db=ebn0_db)
        folder = out.with_suffix(".perturbations")
        yield crafted.craft_or_read(name, model, plan, [], folder)
        bar.update()
