# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrecy against an Eve who adapts: her intercepts, her training and its results."""

import dataclasses
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from advphy_model.link.arn import BobModule
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.eve_training import Intercepts
from advphy_model.measure import image_quality, semantic_chain
from advphy_model.network.packed_network import PackedNetwork, classifier

from advphy_training import schemes
from advphy_training.evaluate import adapted_eve
from advphy_training.schemes import paired_arn

STATIC, STOLEN, SURROGATE = "static", "stolen Bob", "own Alices"
SORTED, LENGTH = "sorted magnitudes", "length only"
SURROGATES = (101, 102, 103)  # seeds of Eve's own pairs


@dataclass
class Adaptation:
    """The target, Eve's effort, and the results."""

    setting: semantic_chain.SemanticSetting  # target, recorded images, static Eve
    tested: object  # Images to measure on, which she has never seen
    record: object  # function (setting, count) -> complex64 [count, n]
    counts: tuple  # numbers of labeled intercepts
    knows_base: Eve | None = None  # Eve trained on the base over the SNRs, or None
    surrogate_steps: int = 2000  # of the training of each pair of her own; 0: none
    effort: adapted_eve.Effort = field(default_factory=adapted_eve.Effort)
    rows: list = field(default_factory=list)  # [(means, SemanticCounts)] so far
    eves: dict = field(default_factory=dict)  # Eves by means
    # MSE and SSIM of her own image decoder, and MSE of the mean image.
    images: dict = field(default_factory=dict)

    def run(self):
        """Train and measure each Eve, and yield her means."""
        recorded = labeled(self.setting, self.record, max(self.counts))
        for means, eve in self._eves(recorded):
            self.eves[means] = eve
            self.rows.append((means, self.measure(eve)))
            yield means
        self._decode_images(recorded)
        yield "image decoder"

    def measure(self, eve):
        """Return the row of an Eve on the test images."""
        changes = {"images": self.tested, "eve": eve, "branches": ("eve",)}
        setting = dataclasses.replace(self.setting, **changes)
        first = first_unseen(self.setting.link, max(self.counts), self.tested)
        return semantic_chain.total(setting, len(self.tested), first)["eve"]

    def _eves(self, recorded):
        """Yield (means, Eve), from the least to the most knowledge."""
        link, static = self.setting.link, self.setting.eve
        if static is not None:
            yield STATIC, static
        if link.keying == "none" and "alice" in link.networks:
            if self.surrogate_steps:
                yield SURROGATE, self._adapted(SURROGATE, self._own_alices())
            if self.knows_base is not None:
                given = self.record, max(self.counts), self.knows_base
                stolen = from_stolen_bob(self.setting, *given)
                yield STOLEN, self._adapted(STOLEN, stolen)
        for count in sorted(self.counts):
            yield _known(count), self._adapted(_known(count), recorded.take(count))
        if link.keying != "none":
            yield SORTED, self._adapted(SORTED, recorded, (adapted_eve.SORTED,))
            yield LENGTH, self._adapted(LENGTH, recorded, (adapted_eve.LENGTH,))

    def _own_alices(self):
        known = self.setting.link.settings
        public = {"epsilon", "power_reading", "block"}  # the letter's recipe
        same = {key: value for key, value in known.items() if key in public}
        settings = paired_arn.Settings(**same, steps=self.surrogate_steps)
        each = max(1, max(self.counts) // len(SURROGATES))
        return from_surrogates(self.setting, each, settings, SURROGATES)

    def _adapted(self, means, recorded, fronts=((),)):
        start = self.setting.eve if fronts == ((),) else None
        name, classes = f"eve: {means}", self.tested.classes
        eve = adapted_eve.adapt(recorded, self.effort, name, start, classes, fronts)
        link = self.setting.link
        return dataclasses.replace(eve, listened_to={link.name: link.sha256})

    def _decode_images(self, recorded):
        best, given = self.eves[_known(max(self.counts))], (recorded, self.tested)
        eve, seen = decoded_images(best, self.setting, *given, self.effort)
        self.eves["all"] = dataclasses.replace(eve, name="adapted_eve")
        sent = self.tested.as_reals()
        mean = np.broadcast_to(self.setting.images.as_reals().mean(axis=0), sent.shape)
        self.images = {
            "mse": float(image_quality.mse(seen, sent).mean()),
            "ssim": float(image_quality.ssim(seen, sent, self.tested.shape).mean()),
            "mean_image_mse": float(image_quality.mse(mean, sent).mean()),
        }


def _known(count):
    return f"{count} labelled intercepts"


def first_unseen(link, recorded, tested):
    """Return the index of a first message whose keys Eve has not recorded.

    It is a multiple of the number of test images. Without keys it is 0.
    """
    keyed = link.keying != "none"
    return -(-recorded // len(tested)) * len(tested) if keyed else 0


def decoded_images(eve, setting, recorded, tested, effort) -> tuple:
    """Return (Eve with an image decoder, its output for the test images).

    Her classifier is kept. The SemanticSetting of her recording has the images that she
    knows, `recorded` are its Intercepts; she has not seen the Images `tested`.
    """
    pixels = setting.images.as_reals()[np.arange(len(recorded.y)) % len(setting.images)]
    decoder = adapted_eve.image_decoder(recorded, pixels, effort)
    eve = dataclasses.replace(eve, networks=eve.networks | {"image_decoder": decoder})
    setting = dataclasses.replace(setting, images=tested, eve=eve)
    first = first_unseen(setting.link, len(recorded.y), tested)
    y = semantic_chain.record(setting, len(tested), first)
    seen = np.empty((len(tested), pixels.shape[1]), np.float32)
    PackedNetwork(decoder, complex_input=True).run(y, seen)
    return eve, seen


def majority(images) -> float:
    """Return the share of the most frequent label, the accuracy of a blind Eve."""
    return float(np.bincount(images.labeled()).max() / len(images))


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
