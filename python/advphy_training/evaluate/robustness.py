# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurement of a link, and of others to compare with, under every attack."""

import dataclasses
from dataclasses import dataclass, field
from functools import partial

import torch
from advphy_model.air import perturbation
from advphy_model.air.adversary import Adversary
from advphy_model.link import links
from advphy_model.measure import ranges
from advphy_model.measure.certificate import Certificate
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import Counts, LinkSetting
from advphy_model.receive.canceller import CancellerSettings

from advphy_training import attacks
from advphy_training.attacked_link import AttackedLink
from advphy_training.evaluate import schedules

CHANCE_PSR_DB = 30.0  # at which a perturbation drowns any codeword
CONTROLS = ("autoencoder_{}", "autoencoder_{}_8p5db", "control_{}_4db")
_PER_SAMPLE_BLOCKS = 4096
# A push towards each wrong message matters; 100 steps find 0.2 % more than 20.
_PER_SAMPLE_EFFORT = {"restarts": 15, "steps": 20}
_OF_RESTARTS = 8  # times the errors in two counts that shall differ by less than 10 %


@dataclass(frozen=True)
class Counter:
    """Settings of the count of each number."""

    workers: object = None  # ranges.Workers, or None: threads of this process
    min_errors: int = 1000  # block errors that end a count
    max_blocks: int = 2_000_000  # blocks that end a count
    seed: int = 3  # seed of messages and noise, the same for each count

    def __post_init__(self):
        StopRule(self.min_errors, self.max_blocks)  # raises for what is out of range

    def row(self, job) -> Counts:
        """Count a Job and return its Counts."""
        arrival = job.arrival() if callable(job.arrival) else job.arrival
        adversary = job.craft and Adversary(job.craft(), job.psr_db, **arrival)
        under = self.seed, adversary, job.canceller
        setting = LinkSetting(job.link, job.ebn0_db, *under)
        rule = StopRule(self.min_errors, self.max_blocks)
        (row,) = ranges.total(setting, rule, workers=self.workers)
        return row

    def certified(self, link, points) -> dict:
        """Return {(ebn0_db, psr_db): bounds (universal, per message) of the BLER}."""
        found = {}
        for ebn0_db in sorted({db for db, _ in points}):
            at = link, ebn0_db, self.max_blocks, self.seed
            bound = Certificate(*at, workers=self.workers)
            for psr_db in sorted(psr for db, psr in points if db == ebn0_db):
                both = bound.universal(psr_db), bound.per_message(psr_db)
                found[ebn0_db, psr_db] = both
        return found


@dataclass(frozen=True)
class Job:
    """One number of the report."""

    role: str  # name such as "universal_pgd"; see jobs()
    link: object  # measured link model
    ebn0_db: float  # Eb/N0 in dB
    psr_db: float | None = None  # PSR in dB, or None without an attack
    craft: object = None  # function that returns the Perturbation, or None
    canceller: object = None  # CancellerSettings, or None
    # Further arguments of the Adversary, or a function that returns them.
    arrival: dict = field(default_factory=dict)


@dataclass
class Evaluation:
    """Results of an evaluation."""

    link: object  # link model
    ebn0_db: float  # Eb/N0 in dB of the sweep over PSR
    psr_db: float  # PSR in dB of the sweep over Eb/N0
    counts: dict = field(default_factory=dict)  # {(role, ebn0_db, psr_db): Counts}
    gradients: dict = field(default_factory=dict)  # result of AttackedLink.gradients
    certified: dict = field(default_factory=dict)  # result of Counter.certified

    def at(self, role, psr_db=None):
        """Return the Counts of a role at the evaluation's Eb/N0, or None.

        The PSR is the evaluation's unless it is given. Without an attack it is ignored.
        """
        psr_db = self.psr_db if psr_db is None else psr_db
        found = self.counts.get((role, self.ebn0_db, psr_db))
        return found or self.counts.get((role, self.ebn0_db, None))

    def over_psr(self, role) -> dict:
        """Return {psr_db: Counts} of a role at the evaluation's Eb/N0."""
        here = role, self.ebn0_db
        found = {key[2]: row for key, row in self.counts.items() if key[:2] == here}
        return {p: found[p] for p in sorted(found.keys() - {None, CHANCE_PSR_DB})}

    def over_ebn0(self, role) -> dict:
        """Return {ebn0_db: Counts} of a role at the evaluation's PSR, if it has one."""
        here, of = (None, self.psr_db), self.counts.items()
        return {db: row for (r, db, p), row in of if r == role and p in here}


def evaluate(
    link, plan, psrs_db, ebn0s_db, folder, counter, claimed=None, canceller=None
):
    """Yield (done, total, Evaluation) while measuring a link model with a Counter.

    psrs_db are the PSRs in dB of the sweep at the Eb/N0 of the attacks.Plan, ebn0s_db
    the Eb/N0s in dB at its PSR. The folder keeps crafted perturbations. The link is
    said to resist the Perturbation `claimed`, if any. The CancellerSettings are
    attacked by all schedules; None: the default canceller, by a constant perturbation
    only.
    """
    torch.set_num_threads(1)  # many times faster on shared cores
    found = Evaluation(link, plan.ebn0_db, plan.psr_db)
    todo = {}
    for job in jobs(link, plan, psrs_db, ebn0s_db, folder, claimed, canceller):
        todo.setdefault((job.role, job.ebn0_db, job.psr_db), job)
    longer = dataclasses.replace(counter, min_errors=_OF_RESTARTS * counter.min_errors)
    of_restarts = ("universal_pgd", "half_restarts")
    compared = {(role, plan.ebn0_db, plan.psr_db) for role in of_restarts}
    for i, (key, job) in enumerate(todo.items()):
        found.counts[key] = (longer if key in compared else counter).row(job)
        yield i + 1, len(todo) + 2, found
    attacked = AttackedLink(link, plan.ebn0_db)
    key = ("per_sample_pgd", plan.ebn0_db, plan.psr_db)
    found.counts[key] = _per_sample(attacked, plan)
    yield len(todo) + 1, len(todo) + 2, found
    found.gradients = attacked.gradients(plan.seed)
    points = {key[1:] for key in found.counts if key[2] is not None}
    found.certified = counter.certified(link, points)
    yield len(todo) + 2, len(todo) + 2, found


def _per_sample(attacked, plan):
    plan = dataclasses.replace(plan, **_PER_SAMPLE_EFFORT)
    module = attacks.attack("per_sample_pgd")
    errors, blocks = module.count(attacked, plan, _PER_SAMPLE_BLOCKS)
    (row,) = LinkSetting(attacked.model, plan.ebn0_db, plan.seed).rows("loop", 0)
    counted = {"blocks": blocks, "block_errors": errors, "attack": "per_sample_pgd"}
    return dataclasses.replace(row, psr_db=plan.psr_db, **counted)


def jobs(link, plan, psrs_db, ebn0s_db, folder, claimed=None, canceller=None):
    """Yield all Jobs, except that of per_sample_pgd, which counts by itself.

    Roles: clean; noise_jammer; universal_fgm, universal_pgd, fgm, per_message_pgd
    (white box, crafted anew for each PSR); twin (crafted against the nearest-codeword
    decision with the link's codebook) and black_box (against the substitutes), which
    show whether a defense only hides its gradients; stored (crafted at plan.ebn0_db),
    to compare with universal_pgd (crafted anew for each Eb/N0); generator and
    generator_universal; half_restarts; claimed; canceller; those of schedules.jobs; and
    other systems, each under attacks crafted for it: nearest_codeword, hamming74_hard,
    hamming74_ml, two_simplices and "control NAME".
    """
    twin = link.with_nearest_codeword()

    def crafted_by(name, target=link, substitutes=(), **changes):
        varied = dataclasses.replace(plan, **changes)
        return partial(attacks.craft_or_read, name, target, varied, substitutes, folder)

    def job(role, craft=None, measured=link, **changes):
        at = {"ebn0_db": plan.ebn0_db, "psr_db": plan.psr_db, **changes}
        if craft is None:
            at["psr_db"] = None
        return Job(role, measured, craft=craft, **at)

    def anew(name, **at):
        return job(name, crafted_by(name, **at), **at)

    yield job("clean")
    yield job("nearest_codeword_clean", measured=twin)
    for psr_db in psrs_db:
        jammer = partial(perturbation.jammer, link.k, link.n, psr_db)
        yield job("noise_jammer", jammer, psr_db=psr_db)
        for name in ("universal_fgm", "universal_pgd", "fgm", "per_message_pgd"):
            yield anew(name, psr_db=psr_db)
        against_twin = crafted_by("universal_pgd", twin, psr_db=psr_db)
        yield job("twin", against_twin, psr_db=psr_db)
        yield job("nearest_codeword", against_twin, twin, psr_db=psr_db)
    yield anew("universal_pgd", psr_db=CHANCE_PSR_DB)
    yield anew("generator")
    yield anew("generator_universal")
    half = max(1, plan.restarts // 2)
    halved = dataclasses.replace(plan, restarts=half, seed=(plan.seed + 1) % 2**32)
    yield job("half_restarts", partial(attacks.craft, "universal_pgd", link, halved))
    for ebn0_db in ebn0s_db:
        yield job("clean", ebn0_db=ebn0_db)
        yield job("stored", crafted_by("universal_pgd"), ebn0_db=ebn0_db)
        yield anew("universal_pgd", ebn0_db=ebn0_db)
    yield from _others(link, job, crafted_by)
    if claimed is not None:
        yield job("claimed", lambda: claimed)
    constant = crafted_by("universal_pgd")
    yield job("canceller", constant, canceller=canceller or CancellerSettings())
    if canceller is not None:
        yield from schedules.jobs(link, plan, job, crafted_by, canceller)


def _others(link, job, crafted_by):
    """Yield Jobs of black_box and of other systems, each attacked for itself."""
    try:
        substitutes = attacks.shipped_substitutes(link)
    except ValueError:
        substitutes = []
    if substitutes:
        yield job("black_box", crafted_by("universal_pgd", link, substitutes))
    roles = {name: name for name in ("hamming74_hard", "hamming74_ml", "two_simplices")}
    roles |= {f"control {name}": name for name in control_names(link)}
    for role, name in roles.items():
        other = links.load(name)
        if (other.k, other.n) == (link.k, link.n):
            yield job(role, crafted_by("universal_pgd", other), other)


def control_names(link) -> list:
    """Return the other shipped plain autoencoders of the link's architecture."""
    architecture = str(link.settings.get("architecture", "mlp")).removesuffix("_bits")
    names = [pattern.format(architecture) for pattern in CONTROLS]
    known = [name for name in names if name in links.names()]
    return [name for name in known if links.load(name).sha256 != link.sha256]
