# SPDX-License-Identifier: GPL-3.0-or-later
"""What an adversary sends, knows and spends, and what stands against it."""

import dataclasses
import logging
from dataclasses import dataclass
from pathlib import Path

from advphy_model.air import perturbation
from advphy_model.air.adversary import Adversary
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links
from advphy_model.modem.burst_adversary import WHERE, BurstAdversary
from advphy_model.receive.canceller import CancellerSettings

from advphy_commands._numbers import number_or_random, psr_range, whole
from advphy_commands._options import changed, group, option, repeated, switch

UNKNOWN = ("shift", "phase")  # what the adversary may not know


_WHOLE, _REAL = number_or_random(int), number_or_random(float)


def _canceller(name, text):
    if text.isalpha():
        return CancellerSettings(adversary=text)
    return CancellerSettings(components=whole(name, text))


@dataclass(frozen=True)
class Knowledge:
    """What the adversary knows and spends when an attack is crafted by its name."""

    black_box: bool = switch(
        "craft against the shipped substitutes, not against the link"
    )
    substitute: list = repeated(
        "LINK", "craft against this link; several are an ensemble"
    )
    restarts: int = option(32, type=int)
    steps: int = option(100, type=int)
    unknown: list = repeated(
        None,
        "what the adversary does not know, so takes the mean over",
        choices=UNKNOWN,
    )
    craft_seed: int = option(1, type=int)

    def plan(self, psr_db, ebn0_db):
        """Return the attacks.Plan at a PSR and an Eb/N0 in dB (needs torch)."""
        from advphy_training.attacks import Plan

        known = ("random" if what in self.unknown else "known" for what in UNKNOWN)
        spent = (self.restarts, self.steps)
        return Plan(psr_db, ebn0_db, *spent, *known, self.craft_seed)

    def substitutes(self, link):
        """Return the link models that the adversary has in the place of the link."""
        from advphy_training import attacks

        if self.substitute:
            return [links.load(name) for name in self.substitute]
        return attacks.shipped_substitutes(link) if self.black_box else []


@dataclass(frozen=True)
class _Attack:
    """Which perturbation is sent, how it arrives, and what is done against it."""

    attack: str = option(
        None,
        "a perturbation file or the name of a shipped one, noise_jammer (neither needs "
        "torch), or an attack",
        metavar="FILE|NAME",
    )
    psr_db: list = option(
        None,
        "perturbation-to-signal ratio at the receiver (over the air: over the payload "
        "after the matched filter), written as --ebn0-db (default: that of the file, "
        "or -6)",
        psr_range,
        metavar="DB",
    )
    phase: float | str = option(
        "0", "radians, or random for each block (over the air: each frame)", _REAL
    )
    frequency_offset: float | str = option(
        "0",
        "cycles per channel use, or random (over the air: within half a cycle a "
        "codeword)",
        _REAL,
    )
    fading: str = option(
        "none", "none, or rayleigh: a gain for each block (over the air: each frame)"
    )
    cancel: CancellerSettings = option(
        None,
        "estimate what arrives blindly and subtract it: one of K perturbations "
        "(without a number: 1), or one p with random signs, shifts, phases or any",
        _canceller,
        nargs="?",
        const="1",
        metavar="K|signs|shifts|phases|any",
    )
    knowledge: Knowledge = group(Knowledge, "crafting an attack by name")

    def __post_init__(self):
        """Refuse what would say something of an adversary when there is none."""
        apart = {"--cancel", "--window", "--restarts", "--steps", "--craft-seed"}
        idle = [name for name in changed(self) if name not in apart]
        if idle and self.attack is None:
            raise ValueError(
                f"{idle[0]} says how an adversary acts, but there is none; give "
                "--attack FILE|NAME, too"
            )

    @property
    def canceller(self):
        """Return the CancellerSettings asked for, or None."""
        return self.cancel

    def perturbations(self, model, ebn0_db, out, remark):
        """Yield (perturbation, PSR in dB or None) against a link at an Eb/N0.

        Args:
            model: link model.
            ebn0_db: Eb/N0 in dB that an attack is crafted for.
            out: path of the counts, next to which crafted ones are kept.
            remark: function of a text, called with a warning.
        """
        for psr_db in self.psr_db or [None]:  # None: that of the file
            p = self._perturbation(model, ebn0_db, psr_db, out)
            p.require_fit(model)
            warning = p.warning_for(model)
            if warning:
                remark(warning)
            yield p, psr_db

    def _perturbation(self, model, ebn0_db, psr_db, out):
        """Return the Perturbation of a file, or crafted for a link at an Eb/N0."""
        if self.attack in Perturbation.names() or Path(self.attack).is_file():
            return Perturbation.load(self.attack)
        psr_db = -6.0 if psr_db is None else psr_db
        if self.attack == "noise_jammer":
            return perturbation.jammer(model.k, model.n, psr_db)
        from advphy_training import attacks

        kept, knowledge = Path(out).with_suffix(".perturbations"), self.knowledge
        plan, instead = knowledge.plan(psr_db, ebn0_db), knowledge.substitutes(model)
        return attacks.craft_or_read(self.attack, model, plan, instead, kept)


@dataclass(frozen=True)
class InStep(_Attack):
    """An adversary whose p arrives in step with the codewords."""

    shift: int | str = option("0", "0..n-1, or random for each block", _WHOLE)
    sign: int | str = option("1", "1, -1, or random for each block", _WHOLE)
    full_scale: float = option(
        None,
        "largest amplitude of the adversary's transmitter; more is refused",
        type=float,
        metavar="A",
    )

    def adversaries(self, seed, out, remark):
        """Return the function (model, ebn0_db) -> Adversaries; [None] without attack.

        Args:
            seed: of what is random.
            out: path of the counts, next to which crafted perturbations are kept.
            remark: function of a text, called once with each warning.
        """
        if self.attack is None:
            return lambda model, ebn0_db: [None]
        names = ("shift", "phase", "sign", "frequency_offset", "fading", "full_scale")
        arrival = {name: getattr(self, name) for name in names}
        warned = set()
        # The block would say for every point what is said here once.
        block = logging.getLogger("gnuradio.advphy.air.perturbation_source")
        block.addFilter(lambda record: record.getMessage() not in warned)

        def once(warning):
            if warning not in warned:
                warned.add(warning)
                remark(warning)

        def adversaries(model, ebn0_db):
            return [
                Adversary(p, psr_db, **arrival, seed=seed)
                for p, psr_db in self.perturbations(model, ebn0_db, out, once)
            ]

        return adversaries


@dataclass(frozen=True)
class OverTheAir(_Attack):
    """An adversary with a transmitter of its own, in step or not."""

    where: str = option(
        "payload",
        "in the place of every codeword; over the whole frame; or without knowing of "
        "frames",
        choices=WHERE,
    )
    delay: float | str = option(
        "0",
        "channel uses, fractions too, or random for each frame within a codeword",
        _REAL,
    )
    window: int = option(
        None,
        "that are estimated from and corrected together, a power of two; that of a "
        "frame where each frame is hit differently (4096)",
        whole,
        metavar="BLOCKS",
    )

    def __post_init__(self):
        """Refuse a window of no canceller, too."""
        super().__post_init__()
        if self.window is not None and self.cancel is None:
            raise ValueError(
                "--window is the canceller's, but there is none; give --cancel"
            )

    @property
    def canceller(self):
        """Return the CancellerSettings asked for, or None."""
        if self.window is None:
            return self.cancel
        sample = min(self.cancel.sample, self.window)
        return dataclasses.replace(self.cancel, window=self.window, sample=sample)

    def adversaries(self, seed, out, remark):
        """Return the function (model, frame, ebn0_db) -> AirAdversaries, or [None].

        Args:
            seed: of what is random.
            out: path of the counts, next to which crafted perturbations are kept.
            remark: function of a text, called with a warning.
        """

        def adversary(frame, p, psr_db):
            sps, delay = frame.samples_per_symbol, self.delay
            cfo = self.frequency_offset
            arrival = {"where": self.where, "phase": self.phase, "fading": self.fading}
            arrival["delay"] = delay if delay == "random" else delay * sps
            arrival["cfo"] = cfo if cfo == "random" else cfo / sps
            return BurstAdversary(p, frame, psr_db, **arrival, seed=seed)

        def adversaries(model, frame, ebn0_db):
            if self.attack is None:
                return [None]
            found = self.perturbations(model, ebn0_db, out, remark)
            return [adversary(frame, *each) for each in found]

        return adversaries
