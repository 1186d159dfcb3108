# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a figure of a paper again and judge the paper's claims (needs torch).

FIGURE: gan-fig3, gan-fig5a, gan-fig5b, gan-fig6a, gan-fig6b, arn-fig3, arn-fig4. Writes
FIGURE.png, FIGURE.csv (rows of counts) and claims.md (claim, paper, ours, verdict) into
the folder.
--quick measures the shipped links in some minutes. Without it every link is trained
again from several seeds, which takes hours; the same command again goes on where it
stopped.
"""

import contextlib
import shlex
import sys
from functools import cache
from pathlib import Path

from advphy_model.link import links
from advphy_model.link.link_model import LinkModel
from advphy_model.measure import ranges

from advphy_commands import _measuring, _rates, _reproduce_arn
from advphy_commands._numbers import db_range, whole


def add_arguments(parser):
    """Declare the arguments."""
    parser.add_argument("figure", metavar="FIGURE")
    parser.add_argument("--out", required=True, metavar="DIR")
    parser.add_argument("--quick", action="store_true", help="from the shipped links")
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="spread trainings, craftings and ranges over a Dask cluster",
    )
    parser.add_argument(
        "--ebn0-db", metavar="FIRST:LAST:STEP", help="(0:11:1 if quick, else 0:11:0.5)"
    )
    parser.add_argument(
        "--min-errors", default="200", help="of a point (default %(default)s)"
    )
    parser.add_argument(
        "--max-blocks", help="of a point (enough for its errors at --down-to)"
    )
    parser.add_argument(
        "--down-to", type=float, metavar="BLER", help="(1e-5 if quick, else 1e-6)"
    )
    parser.add_argument(
        "--seeds", default="3", help="trainings of each link (default %(default)s)"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of all trainings; may be repeated",
    )


def run(arguments):
    """Train unless quick, measure, draw, judge."""
    from advphy_training import paper_figures

    figure = paper_figures.figure(arguments.figure)
    if arguments.figure.startswith("arn-"):
        _reproduce_arn.run(arguments, figure)
        return
    with contextlib.ExitStack() as stack:
        address = arguments.cluster
        workers = stack.enter_context(
            _measuring.workers(address, "advphy_training.reproduction")
        )
        crafters = workers
        if address is None:
            crafters = stack.enter_context(ranges.processes(ranges.cores()))
        _reproduce(arguments, figure, workers, crafters)


def _reproduce(arguments, figure, workers, crafters):
    """Train unless quick, measure, draw, judge a figure of [gan]."""
    from advphy_training import claims_page
    from advphy_training.reproduction import Reproduction

    folder, effort = Path(arguments.out), _effort(arguments)
    folder.mkdir(parents=True, exist_ok=True)
    reproduction = Reproduction(
        figure=figure,
        families=_families(arguments, figure, folder, crafters),
        effort=effort,
        out=folder / f"{arguments.figure}.csv",
        workers=workers,
        crafters=crafters,
    )
    _show(reproduction.craft(), "perturbations")
    found = _measure(reproduction, arguments.output)
    _draw(reproduction, found, folder / f"{arguments.figure}.png")
    text = claims_page.section(arguments.figure, figure, found, _commands(reproduction))
    claims_page.write(folder / "claims.md", arguments.figure, text)
    _say(arguments, folder, found)


def _say(arguments, folder, found):
    """Say where the files are; --json gives all points, too."""
    figure, output = arguments.figure, arguments.output
    files = [str(folder / n) for n in (f"{figure}.png", f"{figure}.csv", "claims.md")]
    for file in files:
        output.line(file)
    output.note(figure=figure, quick=arguments.quick, files=files, rows=[])
    for family in range(found.families):
        for (link, key), points in found.of_family(family).items():
            where = {"training": family + 1, "link": link, "attack": key}
            for ebn0_db, (failures, blocks) in points.items():
                counted = {"ebn0_db": ebn0_db, "blocks": blocks, "failures": failures}
                rate = _rates.rated(failures, blocks)
                output.row("rows", {**where, **counted, **rate})


def _effort(arguments):
    from advphy_training.reproduction import Effort

    quick = arguments.quick
    grid = db_range(
        "--ebn0-db", arguments.ebn0_db or ("0:11:1" if quick else "0:11:0.5")
    )
    down_to = arguments.down_to or (1e-5 if quick else 1e-6)
    if not 0 < down_to < 1:
        raise ValueError(f"--down-to {down_to}: wanted a BLER between 0 and 1")
    min_errors = whole("--min-errors", arguments.min_errors)
    most = arguments.max_blocks or f"{round(2 * min_errors / down_to)}"
    spent = {"restarts": 8, "steps": 30} if quick else {"restarts": 32, "steps": 100}
    return Effort(
        tuple(sorted(grid)), min_errors, whole("--max-blocks", most), down_to, **spent
    )


def _families(arguments, figure, folder, crafters):
    """Return functions from a shipped link's name to what takes its place."""
    if arguments.quick:
        return (cache(links.load),)
    from advphy_training import retraining

    seeds = whole("--seeds", arguments.seeds)
    if seeds < 1:
        raise ValueError(f"--seeds {seeds}: wanted at least 1")
    place = folder / "trained"
    jobs = retraining.jobs(_trained(figure), seeds, place, arguments.set)
    _show(retraining.train(jobs, crafters), "trainings")
    names = {job.name for job in jobs}

    def family(number):
        @cache
        def load(name):
            own = f"{name}_seed{number}"
            if own in names:
                return LinkModel.read(place / f"{own}.safetensors")
            return links.load(name)

        return load

    return tuple(family(number) for number in range(1, seeds + 1))


def _trained(figure):
    """Return the names of the links of a figure that came of a training."""
    names = [system.link for system in figure.SYSTEMS]
    names += [name for attack in figure.ATTACKS for name in attack.against]
    return [name for name in dict.fromkeys(names) if links.load(name).networks]


def _commands(reproduction):
    """Return the commands that this came of: this one, and the trainings'."""
    found = [shlex.join(["advphy", *sys.argv[1:]])]
    for load in reproduction.families:
        for name in _trained(reproduction.figure):
            model = load(name)
            found.append(f"{model.recipe['command']} --out {model.name}.safetensors")
    return found


def _show(steps, unit):
    """Show the progress of (done, all)."""
    from advphy_training import progress

    with progress.bar(unit=unit) as bar:
        for done, total in steps:
            bar.total, bar.n = total, done
            bar.refresh()


def _measure(reproduction, output):
    """Measure all curves; print a line for each."""
    from advphy_training import progress
    from advphy_training.reproduced import Reproduced
    from advphy_training.reproduction import CLEAN

    found, curves = Reproduced(len(reproduction.families)), reproduction.curves()
    with progress.bar(total=len(curves), unit="curve") as bar:
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


def _draw(reproduction, found, path):
    from advphy_figures import attack_panels
    from advphy_training import claims_page
    from advphy_training.reproduction import CLEAN

    figure = reproduction.figure
    panels = [
        (
            attack.title,
            [
                attack_panels.DrawnCurve(
                    system.label,
                    key == CLEAN,
                    found.added_up(system.link, key),
                    found.spread(system.link, key),
                )
                for system in figure.SYSTEMS
                for key in (CLEAN, attack.key)
            ],
        )
        for attack in figure.ATTACKS
    ]
    effort = reproduction.effort
    attack_panels.draw(
        panels,
        path,
        figure.TITLE,
        f"PSR -6 dB; {effort.min_errors} errors or {effort.max_blocks:.0e} blocks",
        claims_page.verdicts_of(figure, found),
    )
