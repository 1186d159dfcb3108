# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a robustness report that distrusts itself (needs torch).

LINK under every attack over PSR and over Eb/N0, beside the conventional schemes and
the nearest codeword attacked for themselves; then checks, each with a paragraph, that
say whether the attacks were strong enough to be believed. --out gets report.md,
report.json, counts.csv, two figures, and the perturbations.
"""

import json
import shlex
from pathlib import Path

from advphy_model.air import perturbation
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links

from advphy_commands import _measuring
from advphy_commands._numbers import db_range, whole


def add_arguments(parser):
    """Declare the arguments."""
    parser.add_argument("link", metavar="LINK", help="a file or a name")
    parser.add_argument("--out", required=True, metavar="FOLDER")
    parser.add_argument(
        "--psr-db",
        default="-10:2:2",
        metavar="FIRST:LAST:STEP",
        help="(default %(default)s)",
    )
    parser.add_argument(
        "--ebn0-db",
        type=float,
        default=8.0,
        help="of the sweep over PSR (default %(default)s)",
    )
    parser.add_argument(
        "--at-psr-db",
        type=float,
        default=-6.0,
        help="of the sweep over Eb/N0 (default %(default)s)",
    )
    parser.add_argument(
        "--over-ebn0-db",
        default="0:10:2",
        metavar="FIRST:LAST:STEP",
        help="(default %(default)s)",
    )
    parser.add_argument(
        "--restarts", type=int, default=32, help="(default %(default)s)"
    )
    parser.add_argument("--steps", type=int, default=100, help="(default %(default)s)")
    parser.add_argument("--min-errors", default="1000", help="(default %(default)s)")
    parser.add_argument("--max-blocks", default="2e6", help="(default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(default %(default)s)")
    parser.add_argument(
        "--claimed",
        metavar="FILE.safetensors",
        help="a perturbation that the link is said to resist",
    )
    parser.add_argument("--cluster", metavar="ADDRESS", help="of a Dask scheduler")


def run(arguments):
    """Measure, check, write."""
    with _measuring.workers(arguments.cluster) as workers:
        _evaluate(arguments, workers)


def _evaluate(arguments, workers):
    from advphy_model.receive.canceller import CancellerSettings
    from advphy_training import evaluation, progress, report
    from advphy_training.attacks import Plan

    link = links.load(arguments.link)
    plan = Plan(
        psr_db=arguments.at_psr_db,
        ebn0_db=arguments.ebn0_db,
        restarts=arguments.restarts,
        steps=arguments.steps,
        seed=arguments.seed,
    )
    psrs = db_range("--psr-db", arguments.psr_db)
    psrs = sorted({*map(perturbation.checked_psr_db, psrs), plan.psr_db})
    claimed = None
    if arguments.claimed:
        claimed = Perturbation.read(arguments.claimed)
        claimed.require_fit(link)
    folder = Path(arguments.out)
    folder.mkdir(exist_ok=True)
    count = evaluation.Counter(
        workers,
        whole("--min-errors", arguments.min_errors),
        whole("--max-blocks", arguments.max_blocks),
    )
    steps = evaluation.evaluate(
        link,
        plan,
        psrs,
        db_range("--over-ebn0-db", arguments.over_ebn0_db),
        folder / "perturbations",
        count,
        claimed,
        CancellerSettings(),
    )
    with progress.bar(unit="number") as bar:
        for done, bar.total, found in steps:  # noqa: B007
            bar.update(done - bar.n)
    _say(arguments.output, folder, report.write(found, folder, _command(arguments)))


def _say(output, folder, findings):
    """Say what the report found; --json gives all of report.json."""
    for finding in findings:
        mark = "passed  " if finding.passed else "DISTRUST"
        output.line(f"{mark} {finding.name}: {finding.numbers}")
    output.line(folder / "report.md")
    output.note(
        out=str(folder), report=json.loads((folder / "report.json").read_text())
    )


def _command(arguments):
    """Return the command that makes this report again."""
    words = ["advphy", "evaluate", arguments.link]
    for name in (
        "psr_db",
        "ebn0_db",
        "at_psr_db",
        "over_ebn0_db",
        "restarts",
        "steps",
        "min_errors",
        "max_blocks",
        "seed",
    ):
        words += [f"--{name.replace('_', '-')}", str(getattr(arguments, name))]
    if arguments.claimed:
        words += ["--claimed", arguments.claimed]
    return shlex.join([*words, "--out", arguments.out])
