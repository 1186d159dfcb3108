# SPDX-License-Identifier: GPL-3.0-or-later
"""Perturbations for measurements: crafted, and kept for the next time."""

from dataclasses import asdict
from pathlib import Path

from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links
from advphy_model.link.model_file import ModelFileError
from advphy_model.version import __version__

from advphy_training import attacks


def craft_or_read(name, link, plan, substitutes, folder):
    """Return the perturbation that a plan gives, from `folder` if it is there.

    Args:
        name: of the attack.
        link: link model to be attacked.
        plan: attacks.Plan.
        substitutes: link models in the place of `link`, or none.
        folder: where crafted perturbations are kept; made when missing.
    """
    crafted_against = list(substitutes) or [link]
    victims = {model.name: model.sha256 for model in crafted_against}
    words = [name, *victims, f"{plan.ebn0_db:g}dB", f"psr{plan.psr_db:g}"]
    if plan.shift == "random":
        words.append("shift")
    if plan.phase == "random":
        words.append("phase")
    path = Path(folder) / f"{'-'.join(words).replace(':', '-')}.safetensors"
    if path.exists():
        found = _kept(path, victims, plan)
        if found is not None:
            return found
    found = attacks.craft(name, link, plan, substitutes)
    path.parent.mkdir(parents=True, exist_ok=True)
    found.write(path)
    return found


def _kept(path, victims, plan):
    """Return the perturbation of a file if it is of these victims and this plan."""
    try:
        found = Perturbation.read(path)
    except ModelFileError:
        return None
    wanted = {**asdict(plan), "version": __version__}
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
    models = [links.load(name) for name in names]
    found = [
        model
        for model in models
        if (model.k, model.n) == (link.k, link.n) and model.sha256 != link.sha256
    ]
    if not found:
        raise ValueError(
            f"there is no shipped substitute with k = {link.k} and n = {link.n}; train "
            "one (advphy train autoencoder) and give it with --substitute"
        )
    return found
