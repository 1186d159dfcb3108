# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a robustness report on a link, with checks of the attacks (needs torch).

Measures LINK under every attack over PSR and over Eb/N0. Conventional schemes and the
nearest-codeword decision are attacked as well, for comparison. Checks then show whether
the attacks were strong enough to trust the results. Writes report.md, report.json,
counts.csv, two figures and the perturbations into the folder.

--cancel attacks the receiver with the canceller end to end as well: by perturbations
that turn, alternate, vary at random, go on and off, or hop among 60 of a book, each
next to the receiver without canceller. A canceller that does harm is reported.
"""

import textwrap
from dataclasses import dataclass
from pathlib import Path

from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links

from advphy_commands import _measuring, _progress
from advphy_commands._adversary import Cancelling
from advphy_commands._options import device, group, operand, option, psr_range


@dataclass(frozen=True)
class Settings:
    link: str = operand("LINK", "file or name of the link")
    out: Path = option("folder of the report", required=True, metavar="FOLDER")
    psr_db: list = _measuring.over(
        "-10:2:2", "PSRs in dB of the first sweep", psr_range
    )
    ebn0_db: float = option("Eb/N0 in dB of the sweep over PSR", 8.0)
    at_psr_db: float = option("PSR in dB of the sweep over Eb/N0", -6.0)
    over_ebn0_db: list = _measuring.over("0:10:2", "Eb/N0 in dB of the second sweep")
    restarts: int = option("restarts of each iterative attack", 32)
    steps: int = option("steps of each restart", 100)
    min_errors: int = option("block errors at which a point ends", "1000")
    max_blocks: int = option("blocks at which a point ends", "2e6")
    seed: int = option("seed of all random numbers, below 2^32", 1, type=int)
    claimed: str = option(
        "perturbation that the link is claimed to resist", metavar="FILE.safetensors"
    )
    device: str = device()
    defended: Cancelling = group(Cancelling, "defended receiver")
    cluster: _measuring.Cluster = group(_measuring.Cluster, "cluster")


def run(settings, output):
    from advphy_training.attacks import Plan
    from advphy_training.device import device_of, on_device
    from advphy_training.evaluate import robustness, robustness_report

    link, canceller = links.load(settings.link), settings.defended.canceller
    folder, claimed = settings.out, None
    effort = {name: getattr(settings, name) for name in ("restarts", "steps", "seed")}
    plan = Plan(settings.at_psr_db, settings.ebn0_db, **effort)
    if settings.claimed:
        claimed = Perturbation.read(settings.claimed)
        claimed.require_fit(link)
    with (
        on_device(device_of(settings.device)),
        settings.cluster.workers() as workers,
        _progress.bar(unit="number") as bar,
    ):
        counter = robustness.Counter(workers, settings.min_errors, settings.max_blocks)
        folder.mkdir(exist_ok=True)
        psrs_db = sorted({*settings.psr_db, plan.psr_db})
        sweeps = link, plan, psrs_db, settings.over_ebn0_db, folder / "perturbations"
        steps = robustness.evaluate(*sweeps, counter, claimed, canceller)
        for done, bar.total, found in steps:  # noqa: B007
            bar.update(done - bar.n)
    report = robustness_report.write(found, folder, output.command_line)
    for check in report["checks"]:
        mark = "passed  " if check["passed"] else "DISTRUST"
        output.line(f"{mark} {check['name']}: {check['numbers']}")
        if not check["passed"]:
            output.line(textwrap.indent(textwrap.fill(check["why"], 79), " " * 9))
    output.line(folder / "report.md")
    output.note(out=str(folder), report=report)
