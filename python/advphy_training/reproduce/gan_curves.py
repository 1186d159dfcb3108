# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurement of the curves of a figure of [gan], for one or more families of links."""

from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import torch
from advphy_model.air import perturbation
from advphy_model.air.adversary import Adversary
from advphy_model.complex_baseband import to_complex
from advphy_model.measure import ranges, sweep
from advphy_model.measure.error_rate import CHECK_EVERY, StopRule
from advphy_model.measure.link_chain import Counts, LinkSetting

from advphy_training import attacks, schemes
from advphy_training.reproduce.block_errors import added, next_ebn0_db
from advphy_training.reproduce.claims import fewer_errors

CLEAN = "clean"
PSR_DB = -6.0  # of the code of [sadeghi] and of the authors of [gan]
FGM = "universal_fgm"  # input-agnostic FGM [sadeghi, Alg. 1], best of ten
PGD = "universal_pgd"
SUBSTITUTES = ("substitute_mlp", "substitute_cnn")  # for a black-box attack
STORED = "stored"  # the perturbation of an adversarial training
JAMMER = "noise_jammer"
FGM_RUNS = 10  # the BLER of a run varies by a factor of four; the best is kept
DRAWS = 5  # number of p of a transferred attack, because their effect varies


class System(NamedTuple):
    """Link of a curve."""

    link: str  # name of a shipped link or baseline
    label: str  # in the legend


HARD, ML = "hamming74_hard", "hamming74_ml"  # the conventional scheme
HAMMING = (
    System(HARD, "Hamming (7,4), hard decision"),
    System(ML, "Hamming (7,4), maximum likelihood"),
)


def beats_hamming(link) -> tuple:
    """Return the conditions that a link beats Hamming without an attack."""
    return tuple(
        fewer_errors(words, (link, CLEAN), (other, CLEAN), (6.0,))
        for words, other in (("hard decision", HARD), ("maximum likelihood", ML))
    )


def no_worse_clean(link, other, margin=1.0):
    """Return the condition that a link is no worse than another without an attack."""
    return fewer_errors("no attack", (link, CLEAN), (other, CLEAN), (6.0,), margin)


@dataclass(frozen=True)
class Attack:
    """An attack on every system of a figure.

    It is crafted against the links `against`, or else the attacked system; a system
    that is publicly known is attacked by a p of its own. The p of STORED is that of the
    training of the link.
    """

    key: str  # short name, used by the claims
    title: str  # of its panel
    craft: str  # name of an attack, or STORED
    against: tuple = ()  # names of links
    own: tuple = ()  # names of systems that are publicly known
    shift: int | str = 0  # delay of p in channel uses, or "random" per block

    def substitutes(self, link: str) -> tuple:
        """Return the links that p is crafted against instead of a system."""
        itself = not self.against or link in self.own or self.against == (link,)
        return () if itself or self.craft in (STORED, JAMMER) else self.against


@dataclass(frozen=True)
class Effort:
    """Effort of a reproduction."""

    grid: tuple  # Eb/N0s in dB, rising
    min_errors: int  # block errors that end a point
    max_blocks: int  # blocks that end a point
    down_to: float  # BLER at which a curve ends
    restarts: int  # of universal PGD
    steps: int  # of universal PGD
    seed: int = 1  # of messages and noise


@dataclass(frozen=True)
class Reproduction:
    """The measurement of a figure."""

    figure: object  # module of figures/
    families: tuple  # functions from the name of a link to its LinkModel of a seed
    effort: Effort
    out: Path  # path of the CSV of counts; perturbations are kept next to it
    workers: object = None  # ranges.Workers that count, or None: threads
    crafters: object = None  # ranges.Workers that craft, or None: this process
    _crafted: dict = field(default_factory=dict)

    def curves(self):
        """Return [(number of the family, System, Attack or None)], one per curve."""
        return [
            (family, system, attack)
            for family in range(len(self.families))
            for system in self.figure.SYSTEMS
            for attack in (None, *self.figure.ATTACKS)
        ]

    def measure(self, curve):
        """Measure a curve; yield {ebn0_db: Counts of each p} after every range."""
        found, rates, blocks = {}, {}, 0
        while True:
            ebn0_db = next_ebn0_db(rates, self.effort.grid, self.effort.down_to)
            if ebn0_db is None:
                return
            for rows in self._point(curve, ebn0_db, blocks):
                yield {**found, ebn0_db: rows}
            found[ebn0_db], blocks = rows, rows[0].blocks
            failures, counted = added(rows)
            rates[ebn0_db] = failures / counted

    def _point(self, curve, ebn0_db, blocks):
        """Measure a point and yield its rows; each p has equally many blocks."""
        effort, adversaries = self.effort, self._adversaries(curve, ebn0_db)
        several = len(adversaries) > 1
        rule = StopRule(effort.min_errors, effort.max_blocks)
        if several:
            blocks = min(max(CHECK_EVERY, blocks), effort.max_blocks)
            rule = StopRule(None, blocks)
        model = self.families[curve[0]](curve[1].link)
        seed = effort.seed + DRAWS * curve[0]  # each family has noise of its own
        counted = {"counted": partial(ranges.counted, workers=self.workers)}
        rows = {}
        while True:
            for i, adversary in enumerate(adversaries):
                setting = [LinkSetting(model, ebn0_db, seed + i, adversary)]
                for step in sweep.measure(setting, rule, self.out, Counts, **counted):
                    rows[i] = step.row
                    yield tuple(rows.values())
            most = 2 * len(rows) * (rule.max_blocks or 0)
            enough = added(rows.values())[0] >= effort.min_errors
            if not several or enough or most > effort.max_blocks:
                return
            rule = StopRule(None, 2 * rule.max_blocks)

    def craft(self):
        """Craft all perturbations of the grid in advance; yield (done, total)."""
        wanted = {
            _key(task): task
            for curve in self.curves()
            if curve[-1] is not None and curve[-1].craft not in (STORED, JAMMER)
            for ebn0_db in self.effort.grid
            for task in self._tasks(curve, ebn0_db)
        }
        found = ranges.in_order(_craft, wanted.values(), self.crafters)
        for i, (key, crafted_now) in enumerate(zip(wanted, found, strict=True)):
            self._crafted[key] = crafted_now
            yield i + 1, len(wanted)

    def _adversaries(self, curve, ebn0_db):
        """Return the Adversaries of a point; [None] without an attack."""
        family, system, attack = curve
        if attack is None:
            return [None]
        load = self.families[family]
        model = load(system.link)
        if attack.craft == JAMMER:
            found = [perturbation.jammer(model.k, model.n, PSR_DB)]
        elif attack.craft == STORED:
            found = [_stored(load(attack.against[0]))]
        else:
            tasks = self._tasks(curve, ebn0_db)
            found = [self._crafted.get(_key(task)) or _craft(task) for task in tasks]
        return [Adversary(p, PSR_DB, shift=attack.shift) for p in found]

    def _tasks(self, curve, ebn0_db):
        """Return the arguments of craft_or_read for each p."""
        family, system, attack = curve
        load, effort = self.families[family], self.effort
        model = load(system.link)
        substitutes = [load(name) for name in attack.substitutes(system.link)]
        spent = {"restarts": effort.restarts, "steps": effort.steps}
        if attack.craft == FGM:
            spent = {"restarts": FGM_RUNS}
        many = DRAWS if attack.craft == FGM and substitutes else 1
        kept = Path(self.out).resolve().with_suffix(".perturbations")
        tasks = []
        for seed in range(1, many + 1):
            plan = attacks.Plan(PSR_DB, ebn0_db, seed=seed, **spent)
            folder = str(kept / f"seed{seed}")
            tasks.append((attack.craft, model, plan, substitutes, folder))
        return tasks


def _key(task):
    name, model, plan, substitutes, _ = task
    return name, plan, tuple(known.sha256 for known in substitutes or [model])


def _craft(task):
    torch.set_num_threads(1)  # the result must not depend on the number of threads
    if Path(task[-1]).parent.parent.is_dir():
        return attacks.craft_or_read(*task)
    return attacks.craft(*task[:-1])  # a worker that does not share the folder


@cache
def _stored(link):
    """Return the first perturbation of a link's adversarial training."""
    module = schemes.scheme(link.recipe["scheme"])
    settings = module.Settings(**link.recipe["settings"])
    held = module.Scheme(settings, link.recipe["seed"]).state()["held"]
    of = "stored_fgm", "universal", link.k, link.n, to_complex(held[:1].numpy())
    stored = perturbation.Perturbation(
        *of,
        ebn0_db=settings.ebn0_db,
        victims=link.recipe["started_from"],
        knowledge={"weights": "those that the training started from"},
        recipe={"link": link.name},
    )
    return stored.scaled(PSR_DB)
