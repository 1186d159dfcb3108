# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of an adversary, and of the canceller of its perturbation."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from advphy_model.air import perturbation
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links
from advphy_model.power import snr_db
from advphy_model.receive.canceller import CancellerSettings

from advphy_commands._options import (
    changed,
    db_range,
    group,
    number_or_random,
    option,
    psr_range,
    repeated,
    switch,
    whole,
)

# What the adversary may not know: attacks.UNKNOWN, which needs torch.
UNKNOWN = ("shift", "phase", "sign", "frequency")
REAL = number_or_random(float)


@dataclass(frozen=True)
class Knowledge:
    """Knowledge and effort of an adversary that crafts an attack."""

    black_box: bool = switch("craft against the shipped substitutes, not the link")
    substitute: list = repeated(
        "LINK", "craft against this link instead; may be repeated for an ensemble"
    )
    restarts: int = option("random starts, of which the best counts", 32)
    steps: int = option("gradient steps of each start", 100)
    unknown: list = repeated(
        None,
        "quantity that the adversary does not know; may be repeated",
        choices=UNKNOWN,
    )
    craft_seed: int = option("seed of the crafting, below 2^32", 1, type=int)
    book: int = option("perturbations to craft, of which one is drawn per block", "1")

    def require_effect(self, attack, crafted=True):
        """Raise ValueError for an option without effect on --attack."""
        if not (given := [*changed(self)]):
            return
        if not crafted:
            refuse_effort(given[0], attack)
        if self.black_box and self.substitute:
            raise ValueError("--black-box has no effect with --substitute; omit it")
        from advphy_training import attacks

        module = attacks.attack(attack)
        used = {"book", *getattr(module, "USES", attacks.ALL)}
        used |= {"black-box", "substitute"} if module.KIND != "jammer" else set()
        for name in given:
            if name.removeprefix("--").removeprefix("craft-") not in used:
                raise ValueError(f"{name} has no effect on {attack}; omit it")
        most = getattr(module, "most_restarts", None)
        if most and "--restarts" in given and self.restarts > most(2**8):
            raise ValueError(f"--restarts must be at most {most(2**8)} for {attack}")

    def plan(self, psr_db, ebn0_db):
        """Return the attacks.Plan at a PSR in dB and an Eb/N0 in dB (needs torch)."""
        from advphy_training.attacks import Plan

        effort = {"restarts": self.restarts, "steps": self.steps, "book": self.book}
        unknown = dict.fromkeys(self.unknown, "random")
        return Plan(psr_db, ebn0_db, seed=self.craft_seed, **effort, **unknown)

    def substitutes(self, link):
        """Return the links that an attack is crafted against instead; [] for none."""
        from advphy_training import attacks

        if self.substitute:
            return [links.load(name) for name in self.substitute]
        return attacks.shipped_substitutes(link) if self.black_box else []


def refuse_effort(name, attack):
    """Raise ValueError for an option of crafting with what is not crafted."""
    what = f"crafting an attack, and '{attack}' is not crafted"
    raise ValueError(f"{name} belongs to {what}; omit it")


def is_crafted(attack) -> bool:
    """Return whether --attack names an attack to craft."""
    known = attack in (None, "noise_jammer", *Perturbation.names())
    return not (known or Path(attack).is_file())


def require_one_ratio(psr_db, pnr_db):
    """Raise ValueError if a PSR and a PNR are given."""
    if None not in (psr_db, pnr_db):
        remedy = "give one of them, since PNR = PSR + SNR"
        raise ValueError(f"--psr-db and --pnr-db exclude each other; {remedy}")


@dataclass(frozen=True)
class Perturbed:
    attack: str = option(
        "file or name of a perturbation, noise_jammer, or an attack to craft with "
        "(needs torch)",
        metavar="FILE|NAME",
    )
    psr_db: list = option(
        "perturbation-to-signal ratios at the receiver in dB (modem: over the payload "
        "after the matched filter; default: that of the file, or -6)",
        None,
        psr_range,
    )
    pnr_db: list = option(
        "perturbation-to-noise ratios in dB instead: PNR = PSR + SNR", None, db_range
    )

    INDEPENDENT: ClassVar = frozenset()  # options that no adversary needs to go with

    def __post_init__(self):
        require_one_ratio(self.psr_db, self.pnr_db)
        idle = [name for name in changed(self) if name not in self.INDEPENDENT]
        if idle and self.attack is None:
            raise ValueError(
                f"{idle[0]} belongs to an adversary; give --attack FILE|NAME, too"
            )

    @property
    def crafted(self):
        """Return whether --attack names an attack to craft."""
        return is_crafted(self.attack)

    def found(self, k, model, snr_db, craft, remark):
        """Yield (perturbation, PSR in dB or None) for a link of either kind.

        `k` is that of a jammer, snr_db the SNR to which a PNR refers; craft(psr_db)
        crafts a perturbation; remark(text) is called with each warning.
        """
        psrs_db = self.psr_db or [None]  # that of the file
        if self.pnr_db:
            psrs_db = [pnr_db - snr_db for pnr_db in self.pnr_db]
        for psr_db in psrs_db:
            level = -6.0 if psr_db is None else psr_db
            if self.crafted:
                p = craft(level)
            elif self.attack == "noise_jammer":
                p = perturbation.jammer(k, model.n, level)
            else:
                p = Perturbation.load(self.attack)
            p.require_fit(model)
            if warning := p.warning_for(model):
                remark(warning)
            yield p, psr_db


_CANCELLER = ("window", "sample", "iterations")


def _canceller(name, text):
    if text.isalpha():
        return CancellerSettings(adversary=text)
    return CancellerSettings(components=whole(name, text))


@dataclass(frozen=True)
class Cancelling:
    cancel: CancellerSettings = option(
        "insert the blind canceller for one of K perturbations (K = 1 if no value is "
        "given), or for one with random signs, shifts or phases, periodic, or any of "
        "these",
        None,
        _canceller,
        nargs="?",
        const="1",
        metavar="K|signs|shifts|phases|periodic|any",
    )
    window: int = option(
        "blocks that the canceller processes together, a power of two (default 4096; "
        "modem: the codewords per burst if the perturbation changes with the burst)",
        metavar="BLOCKS",
    )
    sample: int = option(
        "blocks of a window that it estimates from, a power of two (default 256)",
        metavar="BLOCKS",
    )
    iterations: int = option("iterations of its estimate (default 5)", metavar="N")

    def __post_init__(self):
        for name in _CANCELLER if self.cancel is None else ():
            if getattr(self, name) is not None:
                raise ValueError(
                    f"--{name} belongs to the canceller; give --cancel, too"
                )

    @property
    def canceller(self):
        """Return the CancellerSettings, or None without --cancel."""
        if self.cancel is None:
            return None
        given = {name: getattr(self, name) for name in _CANCELLER}
        given = {name: value for name, value in given.items() if value is not None}
        if "window" in given:
            given = {"sample": min(self.cancel.sample, self.window)} | given
        return dataclasses.replace(self.cancel, **given)


@dataclass(frozen=True)
class Attack(Perturbed, Cancelling):
    phase: float | str = option(
        "phase in radians, or random per block (modem: per burst)", "0", REAL
    )
    frequency_offset: float | str = option(
        "cycles per channel use, or random (modem: up to half a cycle per codeword)",
        "0",
        REAL,
    )
    fading: str = option(
        "none, or rayleigh: one gain per block (modem: per burst)", "none"
    )
    knowledge: Knowledge = group(Knowledge, "crafting an attack by name")

    INDEPENDENT: ClassVar = {"--cancel", "--window", "--sample", "--iterations"}

    def __post_init__(self):
        Cancelling.__post_init__(self)
        Perturbed.__post_init__(self)
        self.knowledge.require_effect(self.attack, self.crafted)

    def perturbations(self, model, ebn0_db, out, remark):
        """Return the (perturbation, PSR in dB or None) for a link model at an Eb/N0.

        Crafted ones are kept next to the path `out`; remark(text) takes each warning.
        """

        def craft(psr_db):
            from advphy_training import attacks

            plan = self.knowledge.plan(psr_db, ebn0_db)
            instead = self.knowledge.substitutes(model)
            kept = Path(out).with_suffix(".perturbations")
            return attacks.craft_or_read(self.attack, model, plan, instead, kept)

        snr = snr_db(ebn0_db, model.rate)
        return self.found(model.k, model, snr, craft, remark)
