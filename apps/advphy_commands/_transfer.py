# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurement of how perturbations transfer between links."""

from advphy_model.air.adversary import Adversary
from advphy_model.atomic_file import refuse_unwritable
from advphy_model.link import links
from advphy_model.measure import sweep
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import Counts, LinkSetting

from advphy_commands import _plot_inputs, _progress


def measure(names, ebn0_db, psr_db, figure, wanted):
    """Measure every link under every perturbation; return (rows, perturbations).

    The counts are also written next to the figure, and an interrupted measurement
    continues from them.

    Args:
        names: names of the links.
        ebn0_db: Eb/N0 in dB.
        psr_db: PSR in dB.
        figure: path of the figure.
        wanted: plot.Attacked with perturbations, or with an attack (needs torch).

    Raises:
        ValueError: if a perturbation does not fit a link.
    """
    out = figure.with_suffix(".csv")
    refuse_unwritable(out)
    models = [links.load(name) for name in names]
    given = _plot_inputs.read_perturbations(wanted.perturbation, psr_db)
    for p in given:
        for model in models:
            p.require_fit(model)
    errors = 200 if wanted.min_errors is None else wanted.min_errors
    rule = StopRule(errors, 10**7 if wanted.max_blocks is None else wanted.max_blocks)
    cells = len(models) * (len(given or models) + 1 + (not given))
    with _progress.bar(total=cells, unit="cell") as bar:
        name = wanted.attack or "universal_pgd"
        made = given or list(_crafted(name, models, psr_db, ebn0_db, out, bar))
        adversaries = [None, *(Adversary(p, psr_db) for p in made)]
        settings = [
            LinkSetting(model, ebn0_db, attack=attack)
            for model in models
            for attack in adversaries
        ]
        rows = []
        for step in sweep.measure(settings, rule, out, Counts):
            if step.done:
                rows.append(step.row)
                bar.update()
                bar.set_postfix_str(step.row.link)
    return rows, made


def _crafted(name, models, psr_db, ebn0_db, out, bar):
    from advphy_training import attacks

    plan = attacks.Plan(psr_db, ebn0_db)
    first = models[0]
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
