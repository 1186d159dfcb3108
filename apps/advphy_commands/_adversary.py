# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of an adversary and of the canceller."""

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

# What the adversary may not know: attacks.UNKNOWN, which needs torch.
UNKNOWN = ("shift", "phase", "sign", "frequency")

_WHOLE, _REAL = number_or_random(int), number_or_random(float)


def _sign(name, text):
    return text if text == "alternate" else _WHOLE(name, text)


def _canceller(name, text):
    if text.isalpha():
        return CancellerSettings(adversary=text)
    return CancellerSettings(components=whole(name, text))


@dataclass(frozen=True)
class Knowledge:
    """Knowledge and effort of an adversary that crafts an attack."""

    black_box: bool = switch(
        "craft against the shipped substitutes instead of the link"
    )
    substitute: list = repeated(
        "LINK", "craft against this link instead; may be repeated for an ensemble"
    )
    restarts: int = option(32, "random starts, of which the best counts", type=int)
    steps: int = option(100, "gradient steps of each start", type=int)
    unknown: list = repeated(
        None,
        "quantity that the adversary does not know; may be repeated",
        choices=UNKNOWN,
    )
    craft_seed: int = option(1, "seed of the crafting", type=int)
    book: int = option(
        "1", "perturbations to craft, of which one is drawn per block", whole
    )

    def plan(self, psr_db, ebn0_db):
        """Return the attacks.Plan at a PSR in dB and an Eb/N0 in dB (needs torch)."""
        from advphy_training.attacks import Plan

        return Plan(
            psr_db,
            ebn0_db,
            restarts=self.restarts,
            steps=self.steps,
            seed=self.craft_seed,
            book=self.book,
            **dict.fromkeys(self.unknown, "random"),
        )

    def substitutes(self, link):
        """Return the links that an attack is crafted against instead; [] for none."""
        from advphy_training import attacks

        if self.substitute:
            return [links.load(name) for name in self.substitute]
        return attacks.shipped_substitutes(link) if self.black_box else []


@dataclass(frozen=True)
class _Attack:
    """Perturbation, how it arrives, and the canceller."""

    attack: str = option(
        None,
        "file or name of a perturbation, noise_jammer, or an attack to craft with "
        "(needs torch)",
        metavar="FILE|NAME",
    )
    psr_db: list = option(
        None,
        "perturbation-to-signal ratios at the receiver in dB (modem: over the payload "
        "after the matched filter; default: that of the file, or -6)",
        psr_range,
        metavar="DB",
    )
    phase: float | str = option(
        "0", "phase in radians, or random per block (modem: per burst)", _REAL
    )
    frequency_offset: float | str = option(
        "0",
        "cycles per channel use, or random (modem: up to half a cycle per codeword)",
        _REAL,
    )
    fading: str = option(
        "none", "none, or rayleigh: one gain per block (modem: per burst)"
    )
    cancel: CancellerSettings = option(
        None,
        "insert the blind canceller for one of K perturbations (K = 1 if no value is "
        "given), or for one with random signs, shifts or phases, periodic, or any of "
        "these",
        _canceller,
        nargs="?",
        const="1",
        metavar="K|signs|shifts|phases|periodic|any",
    )
    window: int = option(
        None,
        "blocks that the canceller processes together, a power of two (default 4096; "
        "modem: the codewords per burst if the perturbation changes with the burst)",
        whole,
        metavar="BLOCKS",
    )
    sample: int = option(
        None,
        "blocks of a window that it estimates from, a power of two (default 256)",
        whole,
        metavar="BLOCKS",
    )
    iterations: int = option(
        None, "iterations of its estimate (default 5)", whole, metavar="N"
    )
    knowledge: Knowledge = group(Knowledge, "crafting an attack by name")

    def __post_init__(self):
        """Refuse options of an adversary or a canceller that is not there."""
        for name in ("window", "sample", "iterations"):
            if getattr(self, name) is not None and self.cancel is None:
                raise ValueError(
                    f"--{name} belongs to the canceller; give --cancel, too"
                )
        independent = {"--cancel", "--window", "--sample", "--iterations"}
        independent |= {"--restarts", "--steps", "--craft-seed", "--book"}
        idle = [name for name in changed(self) if name not in independent]
        if idle and self.attack is None:
            raise ValueError(
                f"{idle[0]} belongs to an adversary; give --attack FILE|NAME, too"
            )

    @property
    def canceller(self):
        """Return the CancellerSettings, or None without --cancel."""
        if self.cancel is None:
            return None
        window = self.cancel.window if self.window is None else self.window
        sample = min(self.cancel.sample, window) if self.sample is None else self.sample
        iterations = self.iterations
        if iterations is None:
            iterations = self.cancel.iterations
        return dataclasses.replace(
            self.cancel, window=window, sample=sample, iterations=iterations
        )

    def perturbations(self, model, ebn0_db, out, remark):
        """Yield (perturbation, PSR in dB or None) for a link at an Eb/N0.

        Args:
            model: link model.
            ebn0_db: Eb/N0 in dB that an attack is crafted for.
            out: path of the counts, next to which crafted perturbations are kept.
            remark: function of a text, called with each warning.
        """
        for psr_db in self.psr_db or [None]:  # None: that of the file
            p = self._perturbation(model, ebn0_db, psr_db, out)
            p.require_fit(model)
            warning = p.warning_for(model)
            if warning:
                remark(warning)
            yield p, psr_db

    def _perturbation(self, model, ebn0_db, psr_db, out):
        """Return the Perturbation of a file, or craft one for a link at an Eb/N0."""
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
    """Adversary whose perturbation arrives in step with the codewords."""

    shift: int | str = option("0", "cyclic shift, 0..n-1, or random per block", _WHOLE)
    sign: int | str = option(
        "1", "1, -1, random, or alternate: p and -p in turn", _sign
    )
    hop: list = repeated(
        "FILE|NAME", "draw from this perturbation, too, for each block; may be repeated"
    )
    hold: int = option(
        "1", "blocks for which a drawn sign or perturbation stays", whole, metavar="N"
    )
    off_blocks: int = option(
        "0", "blocks without the perturbation in each period", whole, metavar="N"
    )
    on_blocks: int = option(
        "0", "blocks with it after those; 0 and 0: always on", whole, metavar="N"
    )
    full_scale: float = option(
        None,
        "largest amplitude that the adversary can transmit",
        type=float,
        metavar="A",
    )

    def adversaries(self, seed, out, remark):
        """Return a function (model, ebn0_db) -> Adversaries, or [None] without attack.

        Args:
            seed: seed of random phases, shifts and gains.
            out: path of the counts, next to which crafted perturbations are kept.
            remark: function of a text, called once with each warning.
        """
        if self.attack is None:
            return lambda model, ebn0_db: [None]
        names = ("shift", "phase", "sign", "frequency_offset", "fading", "full_scale")
        names += ("hold", "off_blocks", "on_blocks")
        arrival = {name: getattr(self, name) for name in names}
        warned = set()
        # The block would repeat the warning at every point.
        block = logging.getLogger("gnuradio.advphy.air.perturbation_source")
        block.addFilter(lambda record: record.getMessage() not in warned)

        def once(warning):
            if warning not in warned:
                warned.add(warning)
                remark(warning)

        def adversaries(model, ebn0_db):
            return [
                Adversary(self._hopping(p), psr_db, **arrival, seed=seed)
                for p, psr_db in self.perturbations(model, ebn0_db, out, once)
            ]

        return adversaries

    def _hopping(self, p):
        """Return p, or the book of p and the perturbations of --hop."""
        others = [Perturbation.load(name) for name in self.hop]
        return perturbation.book([p, *others]) if others else p


@dataclass(frozen=True)
class OverTheAir(_Attack):
    """Adversary with a second transmitter, synchronized or not."""

    where: str = option(
        "payload",
        "payload: at every codeword; frame: over the whole burst; stream: without "
        "knowledge of bursts",
        choices=WHERE,
    )
    delay: float | str = option(
        "0",
        "channel uses (fractions too), or random within a codeword per burst",
        _REAL,
    )

    def adversaries(self, seed, out, remark):
        """Return a function (model, frame, ebn0_db) -> BurstAdversaries, or [None].

        Args:
            seed: seed of random phases, shifts and gains.
            out: path of the counts, next to which crafted perturbations are kept.
            remark: function of a text, called with each warning.
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
