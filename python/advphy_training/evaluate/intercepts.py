# SPDX-License-Identifier: GPL-3.0-or-later
"""Intercepts that Eve learns from: known labels, pairs of her own, or a stolen Bob."""

import dataclasses
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from advphy_model.complex_baseband import to_reals
from advphy_model.link.arn import BobModule
from advphy_model.measure import semantic_chain
from advphy_model.network.packed_network import classifier

from advphy_training import schemes
from advphy_training.schemes import paired_arn


@dataclass(frozen=True)
class Intercepts:
    """Vectors that Eve has recorded."""

    y: np.ndarray  # received vectors, complex64 [count, n]
    reals: int  # number L of reals of a vector that are used
    labels: np.ndarray  # labels of the images, uint8 [count], as far as she knows them

    def take(self, count):
        """Return the first `count` intercepts; raise ValueError if there are fewer."""
        most = len(self.y)
        if not 0 < count <= most:
            said = f"cannot use {count} intercepts of {most} recorded"
            raise ValueError(f"{said}; choose 1..{most}")
        return Intercepts(self.y[:count], self.reals, self.labels[:count])

    def tensors(self):
        """Return (vectors [count, L], labels int64) in torch."""
        labels = torch.as_tensor(self.labels.astype(np.int64))
        return torch.as_tensor(to_reals(self.y, self.reals)), labels


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
    BobModule(setting.link, setting.secret).run(y, 0, clean)
    guesses, erased = np.empty(count, np.uint8), np.empty(count, np.uint8)
    classifier(knows_base.networks["classifier"]).decide(clean, guesses, erased)
    return Intercepts(y, setting.link.reals, guesses)
