# SPDX-License-Identifier: GPL-3.0-or-later
"""Attacks, one verb and one file each, found by file name.

An attack module has KIND, that of its perturbation, and craft(attacked, plan), which
returns the perturbation's rows, reals [1 or M, 2n]; their norm is set afterwards.
`attacked` are AttackedLinks whose errors are maximized on average: the link itself in
white box, substitutes for it in black box. per_sample_pgd knows the noise of each
block, so it has no rows: it has KIND None and count(link, plan, blocks).
"""

import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from advphy_model import found_by_name
from advphy_model.air.perturbation import Perturbation, checked_psr_db
from advphy_model.complex_baseband import to_complex
from advphy_model.link import links
from advphy_model.power import perturbation_norm
from advphy_model.randomness import checked_seed
from advphy_model.version import __version__

from advphy_training import setting_checks
from advphy_training.attacked_link import AttackedLink


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
        setting_checks.within(self, -100, 100, "ebn0_db")
        setting_checks.within(self, 1, 100_000, "restarts", "steps")
        for name in ("shift", "phase"):
            setting_checks.word(self, name, ("known", "random"))

    def norm(self, n):
        """Return ||p|| over n channel uses."""
        return perturbation_norm(self.psr_db, n)


def names() -> list:
    """Return the names of the attacks there are."""
    return found_by_name.names(sys.modules[__name__])


def attack(name: str):
    """Return the module of the attack of that name."""
    if name not in names():
        known = ", ".join(names())
        raise ValueError(f"attack '{name}' is neither a file nor one of: {known}")
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
            said = "is the link itself; leave it out for white box"
            raise ValueError(f"substitute {model} {said}")
        if (model.k, model.n) != (link.k, link.n):
            raise ValueError(f"substitute {model} does not have the k and n of {link}")
    torch.set_num_threads(1)  # many times faster where the cores are shared
    known = list(substitutes) or [link]
    attacked = [AttackedLink(model, plan.ebn0_db) for model in known]
    rows = to_complex(module.craft(attacked, plan))
    blind = module.KIND == "jammer"  # it knows nothing of any link
    recipe = {"attack": name, "link": link.name, **_planned(plan)}
    knowledge = {
        "weights": "substitutes" if substitutes else "white box",
        "message": "known" if module.KIND == "table" else "unknown",
        **{"timing": plan.shift, "phase": plan.phase, "noise": "unknown"},
    }
    called = f"{name}_black_box" if substitutes and not blind else name
    victims = {} if blind else {model.name: model.sha256 for model in known}
    what = (called, module.KIND, link.k, link.n, rows, float(plan.ebn0_db))
    return Perturbation(*what, victims, knowledge, recipe).scaled(plan.psr_db)


def _planned(plan):
    """Return what a recipe says of a plan."""
    return {**asdict(plan), "version": __version__}


def craft_or_read(name, link, plan, substitutes, folder) -> Perturbation:
    """Return what craft() gives, from `folder` if it is there; else keep it there.

    The folder is made when it is missing; the other arguments are those of craft().
    """
    victims = {model.name: model.sha256 for model in list(substitutes) or [link]}
    words = [name, *victims, f"{plan.ebn0_db:g}dB", f"psr{plan.psr_db:g}"]
    words += [what for what in ("shift", "phase") if getattr(plan, what) == "random"]
    path = Path(folder) / f"{'-'.join(words).replace(':', '-')}.safetensors"
    found = _kept(path, victims, plan)
    if found is None:
        found = craft(name, link, plan, substitutes)
        path.parent.mkdir(parents=True, exist_ok=True)
        found.write(path)
    return found


def _kept(path, victims, plan):
    """Return the perturbation of a file if it is of these victims and this plan."""
    try:
        found = Perturbation.read(path)
    except (OSError, ValueError):  # none there, or a damaged one
        return None
    wanted = _planned(plan)
    planned = {key: found.recipe.get(key) for key in wanted}
    known = not found.victims or found.victims == victims  # a jammer has no victims
    return found if known and planned == wanted else None


def shipped_substitutes(link) -> list:
    """Return the shipped links that stand in for this one in black box.

    They are those called substitute_*, of both architectures, trained from other seeds.

    Raises:
        ValueError: when none has this k and n.
    """
    names = [name for name in links.names() if name.startswith("substitute_")]
    known = [links.load(name) for name in names]
    found = [each for each in known if (each.k, each.n) == (link.k, link.n)]
    found = [model for model in found if model.sha256 != link.sha256]
    if not found:
        raise ValueError(
            f"there is no shipped substitute with k = {link.k} and n = {link.n}; train "
            "one (advphy train autoencoder) and give it with --substitute"
        )
    return found
