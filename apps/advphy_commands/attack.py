# SPDX-License-Identifier: GPL-3.0-or-later
"""Craft a perturbation against a link and measure its effect (needs torch).

ATTACK is one of
  universal_pgd         strongest attack without knowledge of the message
  universal_fgm         universal attack as published
  fgm, per_message_pgd  one perturbation per message; an upper bound
  generator             trained network that generates perturbations
  generator_universal   universal perturbation of such a network
  noise_jammer          noise of the same power, for comparison
The file records the PSR, the power convention, the Eb/N0, what the adversary knew, and
the hashes of the links that the perturbation was crafted against.
"""

import dataclasses
from dataclasses import dataclass

from advphy_model.air.adversary import Adversary
from advphy_model.atomic_file import refuse_unwritable
from advphy_model.link import links
from advphy_model.measure import ranges
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import LinkSetting
from advphy_model.power import snr_db

from advphy_commands import _measuring
from advphy_commands._adversary import Knowledge, require_one_ratio
from advphy_commands._options import device, group, operand, option

BLOCKS = 1_000_000  # sent with and without the perturbation


@dataclass(frozen=True)
class Settings:
    attack: str = operand("ATTACK", "attack to craft with")
    link: str = option("file or name of the link", required=True)
    psr_db: float = option("PSR in dB (default -6)")
    pnr_db: float = option("PNR in dB instead: PSR + SNR")
    ebn0_db: float = option("Eb/N0 in dB to craft for", 8.0)
    out: str = option(
        "file of the perturbation", required=True, metavar="FILE.safetensors"
    )
    name: str = option("name of the perturbation (default: that of the attack)")
    device: str = device()
    knowledge: Knowledge = group(Knowledge)

    def __post_init__(self):
        require_one_ratio(self.psr_db, self.pnr_db)
        self.knowledge.require_effect(self.attack)


def run(settings, output):
    from advphy_training import attacks
    from advphy_training.device import device_of, on_device

    link = links.load(settings.link)
    refuse_unwritable(settings.out)
    psr_db, ebn0_db = settings.psr_db, settings.ebn0_db
    if settings.pnr_db is not None:
        psr_db = settings.pnr_db - snr_db(ebn0_db, link.rate)
    plan = settings.knowledge.plan(-6.0 if psr_db is None else psr_db, ebn0_db)
    substitutes = settings.knowledge.substitutes(link)
    with on_device(device_of(settings.device)):
        found = attacks.craft(settings.attack, link, plan, substitutes)
    if settings.name:
        found = dataclasses.replace(found, name=settings.name)
    found.write(settings.out)
    output.line(
        f"{settings.out}: {found.name}, {found.kind}, PSR {found.psr_db:.2f} dB, "
        f"SHA-256 {found.sha256}"
    )
    output.note(out=settings.out, attack=found.name, ebn0_db=ebn0_db)
    names = ("kind", "psr_db", "sha256", "victims", "knowledge", "recipe")
    output.note(**{name: getattr(found, name) for name in names}, measured=[])
    for model in (link, *substitutes):
        for what, adversary in (("clean", None), ("attacked", Adversary(found))):
            setting = LinkSetting(model, ebn0_db, seed=2, attack=adversary)
            row = _measuring.rated(*ranges.total(setting, StopRule(None, BLOCKS)))
            rate = f"BLER {row['bler']:.2e}, 95 % {row['low']:.2e}..{row['high']:.2e}"
            where = {"link": model.name, "model_sha256": model.sha256, "under": what}
            text = f"{model.name}, {ebn0_db:g} dB, {what}: {rate}"
            output.row("measured", row | where, text)
