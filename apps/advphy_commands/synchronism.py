# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw how much of an attack survives an adversary out of step (needs torch).

Crafts two universal perturbations against each LINK, one for synchronism and one for an
unknown phase and shift, and sends them over the air as a second transmitter: late, off
in frequency, turned, and not knowing any of this. Writes synchronism.png, the counts
synchronism.csv and the perturbations into the folder, and prints the rates; the same
command again goes on where it stopped. Each has the PSR that is asked for over the
payload behind the receiver's matched filter, whatever that costs the adversary.
"""

import dataclasses
from pathlib import Path

from advphy_model.link import links
from advphy_model.measure import ranges, sweep, synchronism
from advphy_model.measure.burst_chain import BurstCounts
from advphy_model.measure.error_rate import StopRule
from advphy_model.modem.frame import Frame

from advphy_commands import _rates
from advphy_commands._numbers import whole


def add_arguments(parser):
    """Declare the arguments."""
    parser.add_argument("links", metavar="LINK", nargs="+")
    parser.add_argument("--out", required=True, metavar="DIR")
    parser.add_argument(
        "--ebn0-db", type=float, default=8.0, help="(default %(default)s)"
    )
    parser.add_argument(
        "--psr-db", type=float, default=-6.0, help="(default %(default)s)"
    )
    parser.add_argument(
        "--min-errors",
        default="200",
        help="stop a point at this many (default %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=1, help="(default %(default)s)")


def run(arguments):
    """Craft, measure, draw, print."""
    from advphy_figures import synchronism as figure
    from advphy_training import progress

    folder = Path(arguments.out)
    folder.mkdir(parents=True, exist_ok=True)
    points = []
    for link in arguments.links:
        points += _points(links.load(link), arguments, folder / "perturbations")
    steps = sweep.measure(
        [point.setting for point in points],
        StopRule(whole("--min-errors", arguments.min_errors)),
        folder / "synchronism.csv",
        BurstCounts,
        engine="burst",
        at_once=ranges.cores(),
    )
    bar = progress.bar(steps, total=len(points), unit="point")
    measured = [(point, step.row) for point, step in zip(points, bar, strict=True)]
    figure.draw(
        measured,
        folder / "synchronism.png",
        f"An attack out of step: PSR {arguments.psr_db:g} dB, "
        f"Eb/N0 {arguments.ebn0_db:g} dB",
    )
    _say(arguments.output, measured, folder, figure.table(measured))


def _say(output, measured, folder, table):
    output.note(rows=[])
    for point, row in measured:
        where = {"curve": point.curve, "panel": point.panel, "x": point.x}
        rate = _rates.rated(row.failures, row.blocks)
        output.row("rows", {**where, **dataclasses.asdict(row), **rate})
    output.line(table)
    files = [str(folder / f"synchronism.{ending}") for ending in ("png", "csv")]
    for file in files:
        output.line(file)
    output.note(files=files)


def _points(model, arguments, folder):
    from advphy_training import crafted
    from advphy_training.attacks import Plan

    def craft(knowledge):
        plan = Plan(
            arguments.psr_db, arguments.ebn0_db, shift=knowledge, phase=knowledge
        )
        return crafted.craft_or_read("universal_pgd", model, plan, [], folder)

    return synchronism.points(
        model,
        Frame.of_model(model),
        craft("known"),
        craft("random"),
        arguments.ebn0_db,
        arguments.psr_db,
        arguments.seed,
    )
