# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a robustness report that distrusts itself (needs torch).

LINK under every attack over PSR and over Eb/N0, next to the conventional schemes and
the nearest codeword attacked for themselves; then checks, each with a paragraph, that
say whether the attacks were strong enough to be believed. --out gets report.md,
report.json, counts.csv, two figures, and the perturbations.
"""

import json
import shlex
from dataclasses import dataclass
from pathlib import Path

from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links

from advphy_commands import _measuring, _options, _progress
from advphy_commands._numbers import psr_range, whole
from advphy_commands._options import operand, option

# The options of the command that makes a report again.
AGAIN = "psr_db ebn0_db at_psr_db over_ebn0_db restarts steps min_errors max_blocks"
AGAIN += " seed"


@dataclass(frozen=True)
class Settings:
    """What is evaluated, and how thoroughly."""

    link: str = operand("LINK", "a file or a name")
    out: Path = option(type=Path, required=True, metavar="FOLDER")
    psr_db: list = _measuring.over("-10:2:2", parse=psr_range)
    ebn0_db: float = option(8.0, "of the sweep over PSR", type=float)
    at_psr_db: float = option(-6.0, "of the sweep over Eb/N0", type=float)
    over_ebn0_db: list = _measuring.over("0:10:2")
    restarts: int = option(32, type=int)
    steps: int = option(100, type=int)
    min_errors: int = option("1000", parse=whole)
    max_blocks: int = option("2e6", parse=whole)
    seed: int = option(1, type=int)
    claimed: str = option(
        None,
        "a perturbation that the link is said to resist",
        metavar="FILE.safetensors",
    )
    cluster: str = option(None, "of a Dask scheduler", metavar="ADDRESS")
    typed: dict = _options.typed()

    @property
    def command(self):
        """Return the command that makes this report again."""
        words = ["advphy", "evaluate", self.link]
        for name in AGAIN.split():
            words += [f"--{name.replace('_', '-')}", str(self.typed[name])]
        if self.claimed:
            words += ["--claimed", self.claimed]
        return shlex.join([*words, "--out", str(self.out)])


def run(settings, output):
    """Measure, check, write."""
    with _measuring.workers(settings.cluster) as workers:
        _evaluate(settings, output, workers)


def _evaluate(settings, output, workers):
    from advphy_model.receive.canceller import CancellerSettings
    from advphy_training.attacks import Plan
    from advphy_training.evaluate import robustness, robustness_report

    link = links.load(settings.link)
    spent = {"restarts": settings.restarts, "steps": settings.steps}
    plan = Plan(settings.at_psr_db, settings.ebn0_db, **spent, seed=settings.seed)
    claimed = None
    if settings.claimed:
        claimed = Perturbation.read(settings.claimed)
        claimed.require_fit(link)
    folder = settings.out
    folder.mkdir(exist_ok=True)
    counter = robustness.Counter(workers, settings.min_errors, settings.max_blocks)
    sweeps = sorted({*settings.psr_db, plan.psr_db}), settings.over_ebn0_db
    kept = folder / "perturbations"
    shown = claimed, CancellerSettings()
    steps = robustness.evaluate(link, plan, *sweeps, kept, counter, *shown)
    with _progress.bar(unit="number") as bar:
        for done, bar.total, found in steps:  # noqa: B007
            bar.update(done - bar.n)
    for finding in robustness_report.write(found, folder, settings.command):
        mark = "passed  " if finding.passed else "DISTRUST"
        output.line(f"{mark} {finding.name}: {finding.numbers}")
    output.line(folder / "report.md")
    report = json.loads((folder / "report.json").read_text())
    output.note(out=str(folder), report=report)
