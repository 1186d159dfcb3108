# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove bounds on the BLER of a link that no perturbation exceeds.

Counts clean errors of each message of LINK and derives, for each Eb/N0 and PSR, the
largest BLER under any perturbation that does not depend on the noise: `universal` for
one that does not depend on the message, `per message` for an adversary who knows it.
All bounds at one Eb/N0 hold together with 95 % confidence. A noise jammer of equal
power stands next to them, and with --attack the BLER found under a perturbation, from a
file or crafted for each point (needs torch). More blocks give tighter bounds.

They hold in Gaussian noise, for decisions that look at one block only. The canceller
looks at many, so there is no certificate with it.

With --radius: the largest ball around each codeword in which the decision stays without
noise, next to the smallest perturbation found that changes it.
"""

import dataclasses
import math
from dataclasses import dataclass

from advphy_model import power
from advphy_model.air import perturbation
from advphy_model.air.adversary import Adversary
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links
from advphy_model.measure import certificate, decision_radius, ranges
from advphy_model.measure.error_rate import StopRule, interval
from advphy_model.measure.link_chain import LinkSetting

from advphy_commands import _measuring, _progress, _text
from advphy_commands._adversary import Knowledge, is_crafted
from advphy_commands._options import changed, group, operand, option, psr_range, switch

_SURE = 0.999  # confidence that an attack is above a bound


@dataclass(frozen=True)
class Settings:
    link: str = operand("LINK", "file or name of the link")
    ebn0_db: list = _measuring.over("8", "Eb/N0 in dB")
    psr_db: list = _measuring.over("-20:0:4", "PSRs in dB", psr_range)
    blocks: int = option("blocks of each count", "1e6")
    seed: int = option("seed of messages and noise", 1, type=int)
    attack: str = option(
        "file or name of a perturbation, or an attack to craft with (needs torch)",
        metavar="FILE|NAME",
    )
    radius: bool = switch("certify the codewords without noise instead")
    nodes: int = option("most steps of an exact search (--radius)", "2000")
    knowledge: Knowledge = group(Knowledge, "crafting an attack by name")
    cluster: _measuring.Cluster = group(_measuring.Cluster, "cluster")

    def __post_init__(self):
        given = changed(self).keys() - {"--link"}
        needed = {"--nodes": "--radius"} if not self.radius else {}
        if self.attack is None:
            needed |= dict.fromkeys(changed(self.knowledge), "--attack FILE|NAME")
        for name in sorted(given & needed.keys()):
            raise ValueError(f"{name} has no effect without {needed[name]}; give both")
        self.knowledge.require_effect(self.attack, is_crafted(self.attack))
        idle = sorted(given - {"--radius", "--nodes"})
        if self.radius and idle:
            raise ValueError(f"{idle[0]} has no effect on --radius; omit one of them")


def run(settings, output):
    link = links.load(settings.link)
    output.note(link=link.name, model_sha256=link.sha256)
    if settings.radius:
        _radii(link, settings.nodes, output)
        return
    output.note(confidence=certificate.CONFIDENCE, rows=[])
    points = [(db, psr) for db in settings.ebn0_db for psr in settings.psr_db]
    bound = None
    with settings.cluster.workers() as workers:
        names = ("Eb/N0", "PSR", "clean", "jammer", "found", "universal", "per message")
        output.line(_cells(names))
        for ebn0_db, psr_db in _progress.bar(points, unit="point"):
            if bound is None or bound.ebn0_db != ebn0_db:
                at = link, ebn0_db, settings.blocks, settings.seed
                bound = certificate.Certificate(*at, workers)
            _point(bound, psr_db, settings, output, workers)


def _cells(texts):
    columns = zip(texts, (7, 7, 10, 10, 10, 11, 13), strict=True)
    return "".join(f"{text:>{width}}" for text, width in columns)


def _point(bound, psr_db, settings, output, workers):
    """Count the jammer and the attack at one PSR, and print their bounds."""
    link, ebn0_db = bound.model, bound.ebn0_db

    def count(p):
        setting = LinkSetting(link, ebn0_db, settings.seed, Adversary(p, psr_db))
        (row,) = ranges.total(setting, StopRule(None, settings.blocks), workers=workers)
        return row.failures, row.blocks

    def limit(p):
        rows = [row for row in p.scaled(psr_db).rows if row.any()]
        most = max(power.psr_db(row, p.n) for row in rows)
        return bound.per_message(most) if p.kind == "table" else bound.universal(most)

    row = {"ebn0_db": ebn0_db, "psr_db": psr_db}
    row["clean"] = _text.rated(int(bound.errors.sum()), bound.blocks)
    jammer = perturbation.jammer(link.k, link.n, psr_db)
    row["jammer"] = _text.rated(*count(jammer))
    row |= {"attack": None, "found": None, "above": False}
    row["universal"] = bound.universal(psr_db)
    row["per_message"] = bound.per_message(psr_db)
    p = _perturbation(link, ebn0_db, psr_db, settings)
    if p is not None:
        counts = count(p)
        row["attack"], row["found"] = p.name, _text.rated(*counts)
        row["above"] = interval(*counts, "clopper_pearson", _SURE)[0] > limit(p)
    rates = [row[name] and row[name]["bler"] for name in ("clean", "jammer", "found")]
    texts = ["-" if rate is None else f"{rate:.2e}" for rate in rates]
    texts += [f"{row[name]:.2e}" for name in ("universal", "per_message")]
    output.row("rows", row, _cells([f"{ebn0_db:g}", f"{psr_db:g}", *texts]))
    if row["above"]:
        output.remark(
            f"{p.name} exceeds its bound at Eb/N0 {ebn0_db:g} dB, PSR {psr_db:g} dB: "
            "the link or its measurement breaks an assumption"
        )


def _perturbation(link, ebn0_db, psr_db, settings):
    name, knowledge = settings.attack, settings.knowledge
    if name is None:
        return None
    p = Perturbation.find(name)
    if name == "noise_jammer" or (p and p.kind == "jammer"):
        raise ValueError(
            f"attack '{name}' is random noise without a largest power, so no "
            "certificate holds for it; it is always measured, so omit --attack"
        )
    if p is None:
        from advphy_training import attacks

        plan = knowledge.plan(psr_db, ebn0_db)
        p = attacks.craft(name, link, plan, knowledge.substitutes(link))
    p.require_fit(link)
    return p


def _radii(link, nodes, output):
    output.note(radii=[])
    output.line(f"{'message':>7}{'certified':>11}{'PSR':>8}{'found':>9}")

    def line(name, radius, psr_db):
        psr = "-" if psr_db is None else f"{psr_db:.2f}"
        kind = "exact" if radius.exact else "lower limit"
        return f"{name:>7}{radius.certified:>11.5f}{psr:>8}{radius.found:>9.5f}  {kind}"

    found, every = decision_radius.radii(link, nodes), []
    for radius in _progress.bar(found, total=link.M, unit="codeword"):
        norm = radius.certified / math.sqrt(link.n)
        every.append((radius, 20 * math.log10(norm) if norm > 0 else None))
    for message, (radius, psr_db) in enumerate(every):
        values = {"message": message, "psr_db": psr_db, **dataclasses.asdict(radius)}
        output.row("radii", values, line(message, radius, psr_db))
    output.line(line("least", *min(every, key=lambda each: each[0].certified)))
