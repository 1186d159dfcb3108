# SPDX-License-Identifier: GPL-3.0-or-later
"""Attacks, one file each with a function craft(), found by file name.

An attack module defines KIND, the kind of its perturbation, and craft(attacked, plan),
which returns the rows of the perturbation, reals [1 or M, 2n]; craft() below scales
them. `attacked` are AttackedLinks whose mean error is maximized: the link itself in
white box, substitutes for it in black box. per_sample_pgd knows the noise of each
block, so it has no rows: its KIND is None, and it defines count(link, plan, blocks).
USES names what it uses of a plan: of "restarts", "steps", "seed", and "unknown" for
shift, phase, sign and frequency; without USES: all. most_restarts(M) is the largest
number of restarts that it makes for M messages, if there is one.
An attack that also defines book(attacked, plan, count) crafts several perturbations to
hop among, reals [count, 2n].
"""

import contextlib
import hashlib
import re
import sys
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch
from advphy_model import found_by_name
from advphy_model.air.perturbation import LONGEST_BOOK, Perturbation, checked_psr_db
from advphy_model.complex_baseband import to_complex
from advphy_model.link import links
from advphy_model.measure.table import same_counts
from advphy_model.power import perturbation_norm
from advphy_model.version import __version__

from advphy_training import setting_checks
from advphy_training.attacked_link import AttackedLink

# What the adversary may not know, or vary from block to block.
UNKNOWN = ("shift", "phase", "sign", "frequency")
ALL = ("restarts", "steps", "seed", "unknown")
_LONGEST_NAME = 150  # of a file, before a hash and the ending


@dataclass(frozen=True)
class Plan:
    """Effort and limits of the adversary.

    Args:
        psr_db: perturbation-to-signal ratio at the receiver, in dB.
        ebn0_db: Eb/N0 in dB for which the attack is optimized.
        restarts: number of independent starts, of which the best is kept.
        steps: gradient steps of an iterative attack.
        shift: "known", or "random": the perturbation arrives cyclically shifted by an
            unknown number of channel uses, and the attack averages over the shifts.
        phase: "known", or "random": it arrives rotated by an unknown phase.
        sign: "known", or "random": p or -p is sent.
        frequency: "known", or "random": it turns by up to half a turn within a block.
        seed: seed of starts, messages and noise, below 2^32.
        book: number of perturbations that the adversary hops among; 1: one.
    """

    psr_db: float = -6.0
    ebn0_db: float = 8.0
    restarts: int = 32
    steps: int = 100
    shift: str = "known"
    phase: str = "known"
    sign: str = "known"
    frequency: str = "known"
    seed: int = 1
    book: int = 1

    def __post_init__(self):
        checked_psr_db(self.psr_db)
        setting_checks.torch_seed(self.seed)
        setting_checks.within(self, -100, 100, "ebn0_db")
        setting_checks.within(self, 1, 100_000, "restarts", "steps")
        setting_checks.within(self, 1, LONGEST_BOOK, "book")
        for name in UNKNOWN:
            setting_checks.word(self, name, ("known", "random"))

    def norm(self, n):
        """Return ||p|| over n channel uses."""
        return perturbation_norm(self.psr_db, n)


def names() -> list:
    """Return the names of all attacks."""
    return found_by_name.names(sys.modules[__name__])


def attack(name: str):
    """Return the module of an attack."""
    if name.endswith(".py"):
        raise ValueError(
            f"'{name}': an attack is found by the name of its file; put it into "
            f"attacks/ in a folder on ADVPHY_PATH, and give '{Path(name).stem}'"
        )
    if name not in (known := names()):
        choice = f"choose from {', '.join(known)}"
        raise ValueError(f"'{name}' is neither a file nor an attack; {choice}")
    return found_by_name.module(sys.modules[__name__], "attack", name)


def craft(name: str, link, plan: Plan, substitutes=()) -> Perturbation:
    """Craft a perturbation against a link model by the attack `name`.

    `substitutes` are the link models that the adversary has instead (black box); empty:
    it has the link itself (white box). ValueError if the attack has no perturbation to
    store, if it does not know what is unknown, if a substitute has another k or n, or
    if two have one name.
    """
    module = attack(name)
    if module.KIND is None:
        raise ValueError(
            f"{name} knows the noise of every block, so there is no perturbation to "
            "store; `advphy evaluate` measures it"
        )
    for model in substitutes:
        if model.sha256 == link.sha256:
            said = "is the link itself; omit it for white box"
            raise ValueError(f"substitute {model} {said}")
        if (model.k, model.n) != (link.k, link.n):
            raise ValueError(f"substitute {model} does not have the k and n of {link}")
    victims, planned = _victims(link, substitutes), _planned(name, plan, link)
    torch.set_num_threads(1)  # many times faster on shared cores
    known = list(substitutes) or [link]
    attacked = [AttackedLink(model, plan.ebn0_db) for model in known]
    hops = plan.book > 1
    if hops and not hasattr(module, "book"):
        raise ValueError(f"{name} crafts no book; give universal_pgd, or book = 1")
    crafted = module.book(attacked, plan, plan.book) if hops else None
    rows = to_complex(crafted if hops else module.craft(attacked, plan))
    blind = module.KIND == "jammer"  # it knows no link
    recipe = {"attack": name, "link": link.name, **planned}
    recipe["version"] = __version__
    knowledge = {
        "weights": "substitutes" if substitutes else "white box",
        "message": "known" if module.KIND == "table" else "unknown",
        "timing": plan.shift,
        "phase": plan.phase,
        "noise": "unknown",
    }
    newer = UNKNOWN[2:]
    knowledge |= {key: "random" for key in newer if getattr(plan, key) == "random"}
    victims = {} if blind else victims
    about = {"victims": victims, "knowledge": knowledge, "recipe": recipe}
    name += "_black_box" * (bool(substitutes) and not blind)
    of = name, "book" if hops else module.KIND, link.k, link.n, rows
    crafted = Perturbation(*of, ebn0_db=float(plan.ebn0_db), **about)
    return crafted.scaled(plan.psr_db)


def craft_or_read(name, link, plan, substitutes, folder) -> Perturbation:
    """Return the perturbation of craft(), which is kept in a folder."""
    victims = _victims(link, substitutes)
    words = [name, *victims, f"{plan.ebn0_db:g}dB", f"psr{plan.psr_db:g}"]
    words += [what for what in UNKNOWN if getattr(plan, what) == "random"]
    words += [f"book{plan.book}"] if plan.book > 1 else []
    crafted = partial(craft, name, link, plan, substitutes)
    return kept(folder, words, victims, _planned(name, plan, link), crafted)


def _victims(link, substitutes):
    """Return {name: SHA-256} of what is attacked; ValueError if two have one name."""
    known = list(substitutes) or [link]
    victims = {model.name: model.sha256 for model in known}
    if len(victims) < len(known):
        raise ValueError("two substitutes have one name; rename or omit one")
    return victims


def _planned(name, plan, link):
    """Return what the attack uses of the plan for a recipe; ValueError if it cannot."""
    module, found = attack(name), asdict(plan)
    uses = getattr(module, "USES", ALL)
    for what in UNKNOWN:
        if "unknown" not in uses and found.pop(what) == "random":
            remedy = "omit it or give universal_pgd"
            raise ValueError(f"{name} cannot allow for an unknown {what}; {remedy}")
    if most := getattr(module, "most_restarts", None):
        found["restarts"] = min(plan.restarts, most(2**link.k))
    unused = {"book": 1, "sign": "known", "frequency": "known"}  # newer than 0.5
    idle = {*ALL} - {*uses}
    return {k: v for k, v in found.items() if k not in idle and v != unused.get(k)}


def kept(folder, words, victims, wanted, crafted) -> Perturbation:
    """Return the perturbation of a file, or else a crafted one that it keeps.

    The file is in the folder, which is created if necessary, and named by the words. It
    may be of another patch version, as a table of counts may. `victims` is {name:
    SHA-256} of the links that it is crafted against, `wanted` are entries of its
    recipe, and crafted() crafts it.
    """
    name = re.sub(r"[^\w.+-]+", "-", "-".join(words), flags=re.ASCII)
    if len(name) > _LONGEST_NAME:
        name = f"{name[:_LONGEST_NAME]}-{hashlib.sha256(name.encode()).hexdigest()}"
    path = Path(folder) / f"{name}.safetensors"
    with contextlib.suppress(OSError, ValueError):  # no file, or a damaged one
        found = Perturbation.read(path)
        planned = {key: found.recipe.get(key) for key in wanted}
        known = not found.victims or found.victims == victims  # a jammer has no victims
        alike = same_counts(str(found.recipe.get("version")))
        if known and alike and planned == wanted:
            return found
    found = crafted()
    path.parent.mkdir(parents=True, exist_ok=True)
    found.write(path)
    return found


def shipped_substitutes(link) -> list:
    """Return the shipped links substitute_*, which stand in for a link in black box.

    They have both architectures, trained from other seeds; ValueError if none has this
    k and n.
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
