# SPDX-License-Identifier: GPL-3.0-or-later
"""What Eve can learn from beside labels: Alices of her own, a stolen Bob."""

import dataclasses
import tempfile
from pathlib import Path

import numpy as np
from advphy_model.link.arn import BobModule
from advphy_model.measure import semantic_chain
from advphy_model.network.packed_network import classifier

from advphy_training import loop
from advphy_training.adaptation import Intercepts
from advphy_training.schemes import paired_arn


def labelled(setting, record, frames) -> Intercepts:
    """Return what Eve records of the target, with the labels that she knows.

    Args:
        setting: SemanticSetting of the target.
        record: function (setting, frames) -> complex64 [frames, n]; the flowgraph's.
        frames: how many.
    """
    y = record(setting, frames)
    which = np.arange(frames) % len(setting.images)
    return Intercepts(y, setting.link.reals, setting.images.labelled()[which])


def from_surrogates(
    setting, frames, settings: paired_arn.Settings, seeds
) -> Intercepts:
    """Return codes of Eve's own Alices, whose labels she knows: none of the target's.

    She trains pairs by the letter's recipe on the public base, against an Eve of her
    own, and hopes that the target's Alice is like them.

    Args:
        setting: of the target; its base, images and SNR are what she knows.
        frames: of each surrogate.
        settings: of the surrogates' training.
        seeds: one for each surrogate.
    """
    found = []
    for link in surrogate_links(setting.link.without_pair(), settings, seeds):
        hers = dataclasses.replace(setting, link=link, secret=None)
        found.append(labelled(hers, semantic_chain.record, frames))
    return Intercepts(
        np.concatenate([part.y for part in found]),
        setting.link.reals,
        np.concatenate([part.labels for part in found]),
    )


def from_stolen_bob(setting, record, frames, knows_base) -> Intercepts:
    """Return intercepts of the target with labels guessed by help of Bob's module.

    Behind Bob's module the codes are those of the base again, which an Eve trained on
    the base reads; her guesses are the labels.

    Args:
        setting: of the target.
        record: as of labelled.
        frames: how many.
        knows_base: Eve trained on the base over the SNRs.
    """
    y = record(setting, frames)
    clean = np.empty_like(y)
    BobModule(setting.link, setting.secret).run(y, 0, clean)
    guesses, erased = np.empty(frames, np.uint8), np.empty(frames, np.uint8)
    classifier(knows_base.networks["classifier"]).decide(clean, guesses, erased)
    return Intercepts(y, setting.link.reals, guesses)


def surrogate_links(base, settings: paired_arn.Settings, seeds) -> list:
    """Return pairs trained on a base from these seeds, as SemanticLinks.

    Args:
        base: SemanticLink without a pair.
        settings: of the training; its link is replaced by the base.
        seeds: one for each pair.
    """
    with tempfile.TemporaryDirectory(prefix="advphy-") as folder:
        path = Path(folder) / "base.safetensors"
        base.write(path)
        mine = dataclasses.replace(settings, link=str(path))
        found = []
        for seed in seeds:
            out = Path(folder) / f"surrogate{seed}.safetensors"
            found.append(loop.train("paired_arn", mine, seed, out))
    return found
