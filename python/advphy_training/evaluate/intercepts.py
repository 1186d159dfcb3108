# SPDX-License-Identifier: GPL-3.0-or-later
"""What Eve records and learns from: with labels, from her own Alices, a stolen Bob."""

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
    """What Eve has recorded.

    Args:
        y: received vectors, complex64 [count, n].
        reals: L, how many reals of a vector are used.
        labels: what the images showed, uint8 [count], as far as she knows.
    """

    y: np.ndarray
    reals: int
    labels: np.ndarray

    def take(self, count):
        """Return the first `count` of them; ValueError when there are fewer."""
        if not 0 < count <= len(self.y):
            raise ValueError(
                f"{count} intercepts asked for, {len(self.y)} recorded; give "
                f"1..{len(self.y)}"
            )
        return Intercepts(self.y[:count], self.reals, self.labels[:count])

    def tensors(self):
        """Return (vectors [count, L], labels int64) in torch."""
        labels = torch.from_numpy(self.labels.astype(np.int64))
        return torch.from_numpy(to_reals(self.y, self.reals)), labels


def labeled(setting, record, count) -> Intercepts:
    """Return what Eve records of the target, with the labels that she knows.

    Args:
        setting: SemanticSetting of the target.
        record: function (setting, count) -> complex64 [count, n]; the flowgraph's, or
            semantic_chain.record.
        count: number of messages.
    """
    which = np.arange(count) % len(setting.images)
    labels = setting.images.labeled()[which]
    return Intercepts(record(setting, count), setting.link.reals, labels)


def from_surrogates(setting, count, settings: paired_arn.Settings, seeds) -> Intercepts:
    """Return codes of Eve's own Alices, whose labels she knows: none of the target's.

    She trains pairs by the letter's recipe on the public base, against an Eve of her
    own, and hopes that the target's Alice is like them.

    Args:
        setting: of the target; its base, images and SNR are what she knows.
        count: messages of each surrogate.
        settings: of the surrogates' training; its link is replaced by the base.
        seeds: one for each surrogate.
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
    y, labels = zip(*((part.y, part.labels) for part in found), strict=True)
    return Intercepts(np.concatenate(y), setting.link.reals, np.concatenate(labels))


def from_stolen_bob(setting, record, count, knows_base) -> Intercepts:
    """Return intercepts of the target with labels guessed by help of Bob's module.

    After Bob's module the codes are those of the base again, which an Eve trained on
    the base reads; her guesses are the labels.

    Args:
        setting: of the target.
        record: as of labeled.
        count: number of messages.
        knows_base: Eve trained on the base over the SNRs.
    """
    y = record(setting, count)
    clean = np.empty_like(y)
    BobModule(setting.link, setting.secret).run(y, 0, clean)
    guesses, erased = np.empty(count, np.uint8), np.empty(count, np.uint8)
    classifier(knows_base.networks["classifier"]).decide(clean, guesses, erased)
    return Intercepts(y, setting.link.reals, guesses)
