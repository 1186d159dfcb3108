# SPDX-License-Identifier: GPL-3.0-or-later
"""Attacks, one verb and one file each, found by file name.

An attack module has KIND, that of its perturbation, and craft(victims, plan), which
returns the perturbation's rows, reals [1 or M, 2n]; their norm is set afterwards.
`victims` are Victims whose errors are maximised on average: the link itself in white
box, substitutes for it in black box. per_sample_pgd knows the noise of each block, so
it has no rows: it has KIND None and count(victim, plan, blocks).
"""

import math
import sys
from dataclasses import asdict, dataclass

import torch
from advphy_model import found_by_name
from advphy_model.air.perturbation import Perturbation, checked_psr_db
from advphy_model.complex_baseband import to_complex
from advphy_model.power import perturbation_norm
from advphy_model.randomness import checked_seed
from advphy_model.version import __version__

from advphy_training.attacked_link import Victim


@dataclass(frozen=True)
class Plan:
    """What the adversary spends and does not know.

    Args:
        psr_db: perturbation-to-signal ratio at the receiver, in dB.
        ebn0_db: Eb/N0 in dB at which the attack shall work best.
        restarts: independent starts, of which the best is taken.
        steps: gradient steps of an iterative attack.
        shift: "known", or "random": the perturbation arrives cyclically shifted by an
            unknown number of channel uses, over which the attack takes the mean.
        phase: "known", or "random": it arrives turned by an unknown phase.
        seed: of starts, messages and noise.
    """

    psr_db: float = -6.0
    ebn0_db: float = 8.0
    restarts: int = 32
    steps: int = 100
    shift: str = "known"
    phase: str = "known"
    seed: int = 1

    def __post_init__(self):
        checked_psr_db(self.psr_db)
        checked_seed(self.seed)
        if not (math.isfinite(self.ebn0_db) and abs(self.ebn0_db) <= 100):
            raise ValueError(f"ebn0_db = {self.ebn0_db}, wanted one of -100..100 dB")
        for name in ("restarts", "steps"):
            if not 1 <= getattr(self, name) <= 100_000:
                raise ValueError(f"{name} = {getattr(self, name)}, wanted 1..100000")
        for name in ("shift", "phase"):
            if getattr(self, name) not in ("known", "random"):
                raise ValueError(
                    f"{name} = {getattr(self, name)}, wanted 'known' or 'random'"
                )

    def norm(self, n):
        """Return ||p|| over n channel uses."""
        return perturbation_norm(self.psr_db, n)


def names() -> list:
    """Return the names of the attacks there are."""
    return found_by_name.names(sys.modules[__name__])


def attack(name: str):
    """Return the module of the attack of that name."""
    if name not in names():
        raise ValueError(
            f"attack '{name}' is neither a file nor one of: {', '.join(names())}"
        )
    return found_by_name.module(sys.modules[__name__], "attack", name)


def craft(name: str, link, plan: Plan, substitutes=()) -> Perturbation:
    """Return the perturbation that an attack crafts.

    Args:
        name: of the attack.
        link: the link model to be attacked.
        plan: what the adversary spends and does not know.
        substitutes: link models that it has in the place of `link` (black box), or
            none: it has the link itself (white box).

    Raises:
        ValueError: for an attack without a perturbation to store, or a substitute of
            another k or n.
    """
    module = attack(name)
    if module.KIND is None:
        raise ValueError(
            f"{name} knows the noise of every block, so there is no perturbation to "
            "store; `advphy evaluate` measures it"
        )
    for model in substitutes:
        if model.sha256 == link.sha256:
            raise ValueError(
                f"substitute {model} is the link itself; leave it out for white box"
            )
        if (model.k, model.n) != (link.k, link.n):
            raise ValueError(f"substitute {model} does not have the k and n of {link}")
    torch.set_num_threads(1)  # many times faster where the cores are shared
    crafted_against = list(substitutes) or [link]
    victims = [Victim(model, plan.ebn0_db) for model in crafted_against]
    rows = to_complex(module.craft(victims, plan))
    blind = module.KIND == "jammer"  # it knows nothing of any link
    found = Perturbation(
        name=f"{name}_black_box" if substitutes and not blind else name,
        kind=module.KIND,
        k=link.k,
        n=link.n,
        rows=rows,
        ebn0_db=float(plan.ebn0_db),
        victims={} if blind else {m.name: m.sha256 for m in crafted_against},
        knowledge={
            "weights": "substitutes" if substitutes else "white box",
            "message": "known" if module.KIND == "table" else "unknown",
            "timing": plan.shift,
            "phase": plan.phase,
            "noise": "unknown",
        },
        recipe={
            "attack": name,
            "link": link.name,
            **asdict(plan),
            "version": __version__,
        },
    )
    return found.scaled(plan.psr_db)
