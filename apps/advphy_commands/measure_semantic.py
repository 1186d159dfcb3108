# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a semantic link over SNR: Bob's images and Eve's labels.

LINK is a file or a name that `advphy info` lists. Bob and Eve receive the same
transmitter; --eve-snr-db gives Eve an SNR of her own. For each SNR, the CSV receives
rows of sums for the branches bob, bob_without (with Alice's module, but without Bob's)
and eve.

--attack adds the perturbation of an adversary to what Bob receives, from a file or
crafted for each SNR (kept next to the CSV), next to a noise jammer of equal power. The
adversary knows the link, but not the secret of a keyed one; per_image_pgd also knows
each image. Rows under attack are measured by the loop engine and have an SSIM.
"""

import dataclasses
import functools
from argparse import BooleanOptionalAction
from dataclasses import dataclass
from pathlib import Path

from advphy_model.air import perturbation
from advphy_model.air.image_adversary import ImageAdversary
from advphy_model.files import images
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure import ranges
from advphy_model.measure.curves import without_hash
from advphy_model.measure.error_rate import StopRule, interval
from advphy_model.measure.semantic_chain import SemanticSetting
from advphy_model.measure.semantic_counts import BRANCHES, SemanticCounts

from advphy_commands import _measuring
from advphy_commands._adversary import Perturbed, refuse_effort
from advphy_commands._options import (
    changed,
    db_range,
    group,
    operand,
    option,
    positive,
    switch,
)
from advphy_commands.secret import key_file, secret_of

ON_OR_OFF = {"action": BooleanOptionalAction}


def _one_db(name, text):
    found = db_range(name, text)
    if len(found) > 1:
        remedy = "use one command for each SNR of Eve"
        raise ValueError(f"{name} must be one number, got '{text}'; {remedy}")
    return found[0]


@dataclass(frozen=True)
class AtBob(Perturbed):
    """Perturbation of Bob's codes, and the effort of crafting it."""

    restarts: int = option("random starts, of which the best counts", 4)
    steps: int = option("gradient steps of each start", 100)
    craft_seed: int = option("seed of the crafting, below 2^32", 1, type=int)

    def __post_init__(self):
        super().__post_init__()
        effort = "--restarts", "--steps", "--craft-seed"
        given = [name for name in changed(self) if name in effort]
        if given and not self.crafted:
            refuse_effort(given[0], self.attack)

    def adversaries(self, setting, out, remark):
        """Yield ImageAdversaries and noise jammers of equal power, or one None.

        Crafted ones are kept next to the path `out`; remark(text) takes each warning.
        """
        if self.attack is None:
            yield None
            return
        link = setting.link if setting.pair != "none" else setting.link.without_pair()

        def craft(psr_db):
            from advphy_training import attacks, image_attacks

            effort = {"restarts": self.restarts, "steps": self.steps}
            plan = attacks.Plan(psr_db, **effort, seed=self.craft_seed)
            at = self.attack, link, setting.images, setting.snr_db, plan
            kept = Path(out).with_suffix(".perturbations")
            return image_attacks.craft_or_read(*at, kept)

        for p, psr_db in self.found(0, link, setting.snr_db, craft, remark):
            found = ImageAdversary(p, psr_db, setting.seed)
            yield found
            if p.kind != "jammer":
                level = round(found.scaled.psr_db, 4)  # as in the rows
                jammer = perturbation.jammer(0, link.n, level)
                yield ImageAdversary(jammer, seed=setting.seed)


@dataclass(frozen=True)
class Settings:
    link: str = operand("LINK", "file or name of the semantic link")
    snr_db: list = _measuring.over(
        "0:20:5", "SNR of Bob in dB: one number, a list a,b,c, or a range"
    )
    eve: str = option("file or name of Eve (default: no Eve)", metavar="EVE")
    eve_snr_db: float = option("SNR of Eve in dB (default: that of Bob)", None, _one_db)
    images: str = option("images to send", "mnist_test")
    frames: int = option("images per SNR (default: each image once)", None, positive)
    first_frame: int = option("index of the first image", "0")
    alice: bool = option("use Alice's module", True, **ON_OR_OFF)
    bob: bool = option("measure the branch with Bob's module, too", True, **ON_OR_OFF)
    key_file: str = key_file()
    seed: int = option("seed of the noise", 1, type=int)
    engine: str = _measuring.engine("engine; both give the same sums")
    ssim: bool = switch(
        "sum the SSIM of Bob's images that are counted now, too; takes longer"
    )
    out: str = option("file of the sums", required=True, metavar="FILE.csv")
    adversary: AtBob = group(AtBob, "adversary at Bob's receiver")
    cluster: _measuring.Cluster = group(_measuring.Cluster, "cluster")


def run(settings, output):
    link = SemanticLink.load(settings.link)
    sent = images.load(settings.images)
    frames = len(sent) if settings.frames is None else settings.frames
    unkeyed = link.keying == "none"  # then secret_of refuses --key-file
    secret = secret_of(settings.key_file, link) if settings.alice or unkeyed else None
    eve = Eve.load(settings.eve) if settings.eve else None
    chains = []
    given = {"alice": settings.alice, "secret": secret, "seed": settings.seed}
    given["branches"] = BRANCHES if settings.bob else BRANCHES[1:]
    attacked = settings.adversary.attack is not None
    given["ssim"] = settings.ssim or attacked
    for snr_db in settings.snr_db:
        eve_db = snr_db if settings.eve_snr_db is None else settings.eve_snr_db
        setting = SemanticSetting(link, sent, snr_db, eve_db, eve, **given)
        chains += _attacked(setting, settings, output.remark)
    if not chains[0].measured:
        raise ValueError(
            "there is nothing to measure: give --eve, or omit --no-bob, or choose a "
            "link with a pair and omit --no-alice"
        )
    rule = StopRule(min_errors=None, max_blocks=frames)
    engine = "loop" if attacked or settings.cluster.address else settings.engine
    more = {"first": settings.first_frame, "engine": engine}
    table = _measuring.Table(HEADER, "SNR", _numbers, _line)
    wanted = chains, rule, settings.out, SemanticCounts
    with settings.cluster.workers() as workers:
        more["counted"] = functools.partial(ranges.counted, workers=workers)
        if engine == "flowgraph":
            from gnuradio.advphy import semantic_engine

            more["counted"] = semantic_engine.counted
        _measuring.run(output, table, *wanted, **more)


def _attacked(setting, settings, remark):
    """Yield the setting under each adversary; Eve, who has none, is measured once."""
    found = settings.adversary.adversaries(setting, settings.out, remark)
    for i, attack in enumerate(found):
        branches = setting.branches[:-1] if i else setting.branches
        yield dataclasses.replace(setting, attack=attack, branches=branches)


HEADER = (
    f"{'SNR':>6}  {'branch':<12}{'frames':>8}  {'MSE or accuracy':<38}PSR, power sent"
)


def _numbers(step, row):
    found = dict.fromkeys(("mse", "accuracy", "low", "high"))
    if row.branch == "eve":
        found["accuracy"] = row.accuracy
        found["low"], found["high"] = interval(row.correct, row.frames)
    else:
        found["mse"] = row.mse
    found["ssim"] = row.ssim
    power = {"psr_db": row.psr_db, "transmit_power_db": row.transmit_power_db}
    return dataclasses.asdict(row) | found | power


def _line(step, row, found):
    if row.branch == "eve":
        bounds = f"{found['low']:.4f}..{found['high']:.4f}"
        text = f"accuracy {row.accuracy:.4f} ({bounds})"
    else:
        text = f"MSE {row.mse:.5f}"
        if row.ssim is not None:
            text += f", SSIM {row.ssim:.4f}"
    if row.erasures:
        text += f", {row.erasures} erased"
    power = f"{row.psr_db:.2f} dB" if row.psr_db is not None else "none"
    sent = row.transmit_power_db
    if sent is not None:
        power += f", {sent:+.2f} dB"
    if row.attack != "none":
        power += f"  {without_hash(row.attack)} at PSR {row.attack_psr_db:g} dB"
    return f"{row.snr_db:>6g}  {row.branch:<12}{row.frames:>8}  {text:<38}{power}"
