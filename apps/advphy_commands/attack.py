# SPDX-License-Identifier: GPL-3.0-or-later
"""Craft a perturbation against a link (needs torch) and say what it does.

ATTACK: universal_pgd (the strongest that needs no knowledge of the message),
universal_fgm (as published), fgm and per_message_pgd (a row per message, an upper
bound), generator and generator_universal (a trained network), noise_jammer (the zero
line). The file names the hashes of what it was crafted against, PSR, power convention,
Eb/N0 and what the adversary knew.
"""

import dataclasses

from advphy_model.air.adversary import Adversary
from advphy_model.atomic_file import refuse_unwritable
from advphy_model.link import links
from advphy_model.measure import ranges
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import LinkSetting

from advphy_commands import _adversary, _rates

BLOCKS = 1_000_000  # that say what the perturbation does


def add_arguments(parser):
    """Declare the arguments."""
    parser.add_argument("attack", metavar="ATTACK")
    parser.add_argument("--link", required=True, help="a file or a name")
    parser.add_argument(
        "--psr-db", type=float, default=-6.0, help="(default %(default)s)"
    )
    parser.add_argument(
        "--ebn0-db",
        type=float,
        default=8.0,
        help="where it shall work best (default %(default)s)",
    )
    parser.add_argument("--out", required=True, metavar="FILE.safetensors")
    parser.add_argument("--name", help="of the perturbation (default: the attack's)")
    _adversary.add_knowledge(parser)


def run(arguments):
    """Craft, write, measure 10^6 blocks."""
    from advphy_training import attacks

    link = links.load(arguments.link)
    refuse_unwritable(arguments.out)
    plan = _adversary.plan_of(arguments, arguments.psr_db, arguments.ebn0_db)
    substitutes = _adversary.substitutes_of(arguments, link)
    found = attacks.craft(arguments.attack, link, plan, substitutes)
    if arguments.name:
        found = dataclasses.replace(found, name=arguments.name)
    found.write(arguments.out)
    output = arguments.output
    output.line(
        f"{arguments.out}: {found.name}, {found.kind}, PSR {found.psr_db:.2f} dB, "
        f"SHA-256 {found.sha256}"
    )
    output.note(
        out=arguments.out,
        attack=found.name,
        kind=found.kind,
        psr_db=found.psr_db,
        ebn0_db=arguments.ebn0_db,
        sha256=found.sha256,
        victims=found.victims,
        knowledge=found.knowledge,
        recipe=found.recipe,
        measured=[],
    )
    for model in (link, *substitutes):
        for what, adversary in (("clean", None), ("attacked", Adversary(found))):
            row = _count(model, arguments.ebn0_db, adversary)
            rate = f"BLER {row['bler']:.2e}, 95 % {row['low']:.2e}..{row['high']:.2e}"
            known = {"link": model.name, "model_sha256": model.sha256, "under": what}
            output.row(
                "measured",
                {**known, **row},
                f"{model.name}, {arguments.ebn0_db:g} dB, {what}: {rate}",
            )


def _count(model, ebn0_db, attack):
    setting = LinkSetting(model, ebn0_db, seed=2, attack=attack)
    (row,) = ranges.total(setting, StopRule(None, BLOCKS))
    return {
        "blocks": row.blocks,
        "block_errors": row.block_errors,
        "erasures": row.erasures,
        **_rates.rated(row.failures, row.blocks),
    }
