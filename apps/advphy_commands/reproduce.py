# SPDX-License-Identifier: GPL-3.0-or-later
"""Reproduce a figure of a paper and judge the claims of the paper (needs torch).

FIGURE is gan-fig3, gan-fig5a, gan-fig5b, gan-fig6a, gan-fig6b, arn-fig3, arn-fig4, or
all. Writes FIGURE.png, FIGURE.csv (counts) and claims.md (claim, value of the paper,
measured value, verdict) into the folder; all: a page that begins with all verdicts.
--quick measures the shipped links, which takes minutes, in the figures of [arn] on a
tenth of the images and intercepts and with short trainings of what is not shipped.
Without it, every link is trained again from several seeds, which takes hours; the same
command continues an interrupted run.
"""

import contextlib
import dataclasses
import sys
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from advphy_model.link import links
from advphy_model.link.link_model import LinkModel
from advphy_model.measure import ranges, table
from advphy_model.measure.semantic_counts import SemanticCounts

from advphy_commands import _measuring, _progress, _text
from advphy_commands._options import (
    changed,
    db_range,
    group,
    operand,
    option,
    positive,
    repeated,
    switch,
)

# Training steps of the pairs of [arn] that are not shipped; in fig3 of transformers.
QUICK_STEPS = {"arn-fig3": 150, "arn-fig4": 1500}
QUICK_EVE_STEPS, QUICK_SHARE = 150, 0.1


@dataclass(frozen=True)
class Settings:
    figure: str = operand("FIGURE", "figure to reproduce")
    out: Path = option("folder of the results", required=True, metavar="DIR")
    quick: bool = switch("use the shipped links")
    ebn0_db: list = _measuring.over(
        None, "Eb/N0 in dB (default 0:11:0.5, or 0:11:1 with --quick)"
    )
    min_errors: int = option("block errors at which a point ends", "200")
    max_blocks: int = option("blocks at which a point ends (default: set by --down-to)")
    down_to: float = option(
        "lowest BLER to measure (default 1e-6, or 1e-5 with --quick)", metavar="BLER"
    )
    seeds: int = option("trainings of each link", "3", positive)
    set: list = repeated("KEY=VALUE", "setting of all trainings; may be repeated")
    cluster: _measuring.Cluster = group(_measuring.Cluster, "cluster")

    def __post_init__(self):
        down_to = self.down_to
        if down_to is not None and not 0 < down_to < 1:
            raise ValueError(f"--down-to must be above 0 and below 1, got {down_to}")


def run(settings, output):
    from advphy_training.reproduce import figures, page

    of_counts = {"--ebn0-db", "--min-errors", "--max-blocks", "--down-to", "--set"}
    idle = {"--quick": {"--seeds", "--set"} if settings.quick else set()}
    idle[settings.figure] = of_counts if settings.figure.startswith("arn-") else set()
    for what, names in idle.items():
        for name in sorted(names & changed(settings).keys()):
            raise ValueError(f"{name} has no effect on {what}; omit it")
    folder, every = settings.out, settings.figure == "all"
    files, rows, verdicts = [], [], []
    for name in figures.names() if every else [settings.figure]:
        if every:
            output.line(f"{name}:")
        figure = figures.figure(name)
        measure = _letter if name.startswith("arn-") else _paper
        one = dataclasses.replace(settings, figure=name)
        found, counted, trainings = measure(one, output, figure)
        commands = [output.command_line, *trainings]
        text = page.section(name, figure, found, commands)
        page.write(folder / "claims.md", name, text)
        made = (f"{name}.png", f"{name}-pictures.png", f"{name}.csv", "claims.md")
        for file in map(str, filter(Path.exists, (folder / file for file in made))):
            output.line(file)
            files.append(file)
        rows += [{"figure": name, **row} for row in counted] if every else counted
        verdicts += [(name, *judged) for judged in page.verdicts(figure, found)]
    if every:
        page.write(folder / "claims.md", "all", page.summary(verdicts), True)
        output.note(verdicts=verdicts)
        for judged in verdicts:
            output.line(": ".join(judged))
    output.note(figure=settings.figure, quick=settings.quick, files=files, rows=rows)


def _letter(settings, output, figure):
    """Measure and draw a figure of [arn]; return (Measured, rows, no trainings)."""
    from advphy_figures import picture_grid, secrecy
    from advphy_model.files import images
    from advphy_training.evaluate.secrecy import majority
    from advphy_training.reproduce import arn_models
    from advphy_training.reproduce.arn_curves import Measured

    tested = images.load("mnist_test")  # raises an error if it is not installed
    folder, name, measured = settings.out, settings.figure, Measured()
    place = folder / "trained"
    short, numbers = (), range(1, settings.seeds + 1)
    if settings.quick:
        short = QUICK_STEPS[name], QUICK_EVE_STEPS, QUICK_SHARE
        numbers = (arn_models.SHIPPED,)
    with settings.cluster.workers() as workers, _progress.bar(unit="points") as bar:
        more = {"workers": workers}
        families = [arn_models.Family(i, place, *short, **more) for i in numbers]
        folder.mkdir(parents=True, exist_ok=True)
        for family in families:
            label = "shipped" if settings.quick else f"seed {family.number}"
            for words in figure.measure(family, measured):
                bar.update()
                bar.set_postfix_str(f"{label}: {words}")
                if not sys.stderr.isatty():
                    output.line(f"{label}: {words}")
                table.write(folder / f"{name}.csv", measured.rows, SemanticCounts)
    note = f"{len(families)} training seed(s); bands: lowest to highest 95 % interval"
    secrecy.draw(measured, figure, majority(tested), folder / f"{name}.png", note)
    rows, path = arn_models.pictures(families[0]), folder / f"{name}-pictures.png"
    picture_grid.draw(rows, tested.shape, path, "SNR 10 dB, PSR -10 dB")
    return measured, [dataclasses.asdict(row) for row in measured.rows], []


def _paper(settings, output, figure):
    """Measure and draw a figure of [gan]; return (BlockErrors, rows, trainings)."""
    from advphy_figures import attack_panels
    from advphy_training.reproduce import page
    from advphy_training.reproduce.gan_curves import Reproduction

    with contextlib.ExitStack() as stack:
        module = "advphy_training.reproduce.gan_curves"
        workers = stack.enter_context(settings.cluster.workers(module))
        crafters = workers
        if settings.cluster.address is None:
            crafters = stack.enter_context(ranges.processes(ranges.cores()))
        effort, folder, name = _effort(settings), settings.out, settings.figure
        folder.mkdir(parents=True, exist_ok=True)
        families = _families(settings, figure, crafters)
        csv = folder / f"{name}.csv"
        made = Reproduction(figure, families, effort, csv, workers, crafters)
        _show(made.craft(), "perturbations")
        found = _measure(made, output)
    note = f"PSR -6 dB; {effort.min_errors} errors or {effort.max_blocks:.0e} blocks"
    claims, path = page.verdicts(figure, found), folder / f"{name}.png"
    attack_panels.draw(found, figure, path, note, claims)
    return found, list(_rows(found)), _trainings(made)


def _rows(found):
    for family in range(found.families):
        for (link, key), points in found.of_family(family).items():
            where = {"training": family + 1, "link": link, "attack": key}
            for ebn0_db, (failures, blocks) in points.items():
                counted = {"ebn0_db": ebn0_db, "blocks": blocks, "failures": failures}
                yield {**where, **counted, **_text.rated(failures, blocks)}


def _effort(settings):
    from advphy_training.reproduce.gan_curves import Effort

    steps, lowest, spent = "0:11:0.5", 1e-6, {"restarts": 32, "steps": 100}
    if settings.quick:
        steps, lowest, spent = "0:11:1", 1e-5, {"restarts": 8, "steps": 30}
    grid = settings.ebn0_db or db_range("--ebn0-db", steps)
    least, down_to = settings.min_errors, settings.down_to or lowest
    most = settings.max_blocks
    most = round(2 * least / down_to) if most is None else most
    return Effort(tuple(sorted(grid)), least, most, down_to, **spent)


def _families(settings, figure, crafters):
    """Return functions from the name of a shipped link to the link used for it."""
    if settings.quick:
        return (cache(links.load),)
    from advphy_training.reproduce import retraining

    place = settings.out / "trained"
    jobs = retraining.jobs(_trained(figure), settings.seeds, place, settings.set)
    _show(retraining.train(jobs, crafters), "trainings")
    names = {job.name for job in jobs}

    def load(number, name):
        own = f"{name}_seed{number}"
        file = place / f"{own}.safetensors"
        return LinkModel.read(file) if own in names else links.load(name)

    numbers = range(1, settings.seeds + 1)
    return tuple(cache(partial(load, number)) for number in numbers)


def _trained(figure):
    names = [system.link for system in figure.SYSTEMS]
    names += [name for attack in figure.ATTACKS for name in attack.against]
    return [name for name in dict.fromkeys(names) if links.load(name).networks]


def _trainings(reproduction):
    names = _trained(reproduction.figure)
    models = [load(name) for load in reproduction.families for name in names]
    return [f"{m.recipe['command']} --out {m.name}.safetensors" for m in models]


def _show(steps, unit):
    with _progress.bar(unit=unit) as bar:
        for done, total in steps:
            bar.total, bar.n = total, done
            bar.refresh()


def _measure(reproduction, output):
    from advphy_training.reproduce.block_errors import BlockErrors
    from advphy_training.reproduce.gan_curves import CLEAN

    found, curves = BlockErrors(len(reproduction.families)), reproduction.curves()
    with _progress.bar(total=len(curves), unit="curve") as bar:
        for curve in curves:
            family, system, attack = curve
            key = CLEAN if attack is None else attack.key
            words = f"{system.label}, {'no attack' if attack is None else attack.title}"
            if len(reproduction.families) > 1:
                words += f", seed {family + 1}"
            for rows in reproduction.measure(curve):
                found.counts[family, system.link, key] = rows
                bar.set_postfix_str(f"{words}: {max(rows):g} dB")
            bar.update()
            output.line(f"{words}: {len(rows)} points up to {max(rows):g} dB")
    return found
