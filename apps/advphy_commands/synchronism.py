# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure attacks of an adversary that is not synchronized (needs torch).

Crafts two universal perturbations against each LINK: one for a synchronized adversary,
one for an unknown phase and shift. A second transmitter sends them with a delay, a
frequency offset or a phase. All have the given PSR over the payload after the matched
filter of the receiver. Writes synchronism.png, synchronism.csv (counts) and the
perturbations into the folder, and prints the rates. The same command continues an
interrupted measurement.
"""

from dataclasses import dataclass
from pathlib import Path

from advphy_model.link import links
from advphy_model.measure import ranges, sweep, synchronism
from advphy_model.measure.burst_chain import BurstCounts
from advphy_model.measure.error_rate import StopRule
from advphy_model.modem.frame import Frame

from advphy_commands import _measuring, _progress
from advphy_commands._options import operand, option


@dataclass(frozen=True)
class Settings:
    links: list = operand("LINK", "file or name of a link", nargs="+")
    out: Path = option("folder of the results", required=True, metavar="DIR")
    ebn0_db: float = option("Eb/N0 in dB", 8.0)
    psr_db: float = option("PSR in dB", -6.0)
    min_errors: int = option("block errors at which a point ends", "200")
    seed: int = option("seed of all random numbers", 1, type=int)


def run(settings, output):
    from advphy_figures import synchronism as figure

    folder = settings.out
    folder.mkdir(parents=True, exist_ok=True)
    points = []
    for link in settings.links:
        points += _points(links.load(link), settings)
    chains = [point.setting for point in points]
    rule, out = StopRule(settings.min_errors), folder / "synchronism.csv"
    cores = ranges.cores()
    steps = sweep.measure(chains, rule, out, BurstCounts, engine="burst", at_once=cores)
    bar = _progress.bar(steps, total=len(points), unit="point")
    measured = [(point, step.row) for point, step in zip(points, bar, strict=True)]
    title = f"An attack out of step: PSR {settings.psr_db:g} dB, "
    title += f"Eb/N0 {settings.ebn0_db:g} dB"
    figure.draw(measured, folder / "synchronism.png", title)
    output.note(rows=[])
    for point, row in measured:
        where = {"curve": point.curve, "panel": point.panel, "x": point.x}
        output.row("rows", {**where, **_measuring.rated(row)})
    output.line(figure.table(measured))
    files = [str(folder / f"synchronism.{ending}") for ending in ("png", "csv")]
    for file in files:
        output.line(file)
    output.note(files=files)


def _points(model, settings):
    from advphy_training import attacks

    ebn0_db, psr_db = settings.ebn0_db, settings.psr_db
    crafted, kept = {}, settings.out / "perturbations"
    for name, timing in (("sharp", "known"), ("blind", "random")):
        plan = attacks.Plan(psr_db, ebn0_db, shift=timing, phase=timing)
        crafted[name] = attacks.craft_or_read("universal_pgd", model, plan, [], kept)
    at = {"ebn0_db": ebn0_db, "psr_db": psr_db, "seed": settings.seed}
    return synchronism.points(model, Frame.of_model(model), **crafted, **at)
