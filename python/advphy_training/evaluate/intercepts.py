# SPDX-License-Identifier: GPL-3.0-or-later
"""Intercepts that Eve learns from: known labels, pairs of her own, or a stolen Bob."""

import dataclasses
import tempfile
from pathlib import Path

import numpy as np
from advphy_model.link.arn import BobModule
from advphy_model.link.eve_training import Intercepts
from advphy_model.measure import semantic_chain
from advphy_model.network.packed_network import classifier

from advphy_training import schemes
from advphy_training.schemes import paired_arn


def labeled(setting, record, count) -> Intercepts:
    """Record `count` messages of a SemanticSetting, with the labels that Eve knows.

    record(setting, count), such as semantic_chain.record, returns complex64 [count, n].
    """
    which = np.arange(count) % len(setting.images)
    labels = setting.images.labeled()[which]
    return Intercepts(record(setting, count), setting.link.reals, labels)


def from_surrogates(setting, count, settings: paired_arn.Settings, seeds) -> Intercepts:
    """Return labeled codes of pairs that Eve trains herself, none of the target.

    She trains a pair for each of the seeds by the letter's recipe, against an Eve of
    her own, on the public base, which replaces the link of the settings; she knows it,
    the images and the SNR. `count` messages of each help her if the target's Alice is
    similar.
    """
    found = []
    with tempfile.TemporaryDirectory(prefix="advphy-") as folder:
        base = Path(folder) / "base.safetensors"
        setting.link.without_pair().write(base)
        hers = dataclasses.replace(settings, link=str(base))
        for seed in seeds:
            out = Path(folder) / f"surrogate{seed}.safetensors"
            link = schemes.train("paired_arn", hers, seed, out)
            at = dataclasses.replace(setting, link=link, secret=None)
            found.append(labeled(at, semantic_chain.record, count))
    y = np.concatenate([part.y for part in found])
    labels = np.concatenate([part.labels for part in found])
    return Intercepts(y, setting.link.reals, labels)


def from_stolen_bob(setting, record, count, knows_base) -> Intercepts:
    """Return intercepts of the target, labeled with the help of Bob's module.

    Bob's module restores the codes of the base. An Eve trained on the base over the
    SNRs, knows_base, classifies them; her guesses are the labels. See labeled().
    """
    y = record(setting, count)
    clean = np.empty_like(y)
    BobModule(setting.link, setting.secret, setting.nonce).run(y, 0, clean)
    guesses, erased = np.empty(count, np.uint8), np.empty(count, np.uint8)
    classifier(knows_base.networks["classifier"]).decide(clean, guesses, erased)
    return Intercepts(y, setting.link.reals, guesses)
