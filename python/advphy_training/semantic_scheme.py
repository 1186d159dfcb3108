# SPDX-License-Identifier: GPL-3.0-or-later
"""Base classes of schemes on semantic links: data, noise, results, model file."""

from dataclasses import dataclass

import numpy as np
import torch
from advphy_model.complex_baseband import to_reals
from advphy_model.files import images
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.semantic_link import BASE, SemanticLink
from advphy_model.measure import semantic_chain
from advphy_model.measure.image_quality import ssim
from advphy_model.measure.semantic_chain import SemanticSetting
from advphy_model.network.packed_network import PackedNetwork
from advphy_model.power import snr_noise_variance

from advphy_training import loop, progress, setting_checks
from advphy_training.torch_network import TorchNetwork

SNRS_DB = (0.0, 5.0, 10.0, 15.0, 20.0)  # [arn, Fig. 3]
_EARLY = slice(0, 1000)  # images of the early figures
_ANY_SECRET = bytes(32)  # the results of a keyed link do not depend on it


@dataclass(frozen=True)
class Settings:
    """Settings of all schemes on images.

    Args:
        images: data set to train on.
        lowest_snr_db: lowest SNR of the training in dB; SNRs are uniform in dB.
        highest_snr_db: highest SNR of the training in dB.
        batch: images per step.
        steps: number of steps of Adam.
        learning_rate: learning rate at the start, or after the warm-up.
        last_learning_rate: learning rate at the end.
    """

    images: str = "mnist_train"
    lowest_snr_db: float = 0.0
    highest_snr_db: float = 20.0
    batch: int = 256
    steps: int = 4000
    learning_rate: float = 2e-3
    last_learning_rate: float = 1e-5

    def __post_init__(self):
        setting_checks.descent(self)
        low, high = self.lowest_snr_db, self.highest_snr_db
        for snr_db in (low, high):
            snr_noise_variance(snr_db)  # raises for an invalid SNR
        if low > high:
            rule = f"at most highest_snr_db = {high:g}"
            raise ValueError(f"lowest_snr_db must be {rule}, got {low:g}; swap them")
        if hasattr(self, "task_loss"):
            setting_checks.word(self, "task_loss", ("mse", "ssim"))


class SemanticScheme(loop.Scheme):
    """Base class of schemes on images; task_loss and measured_with are optional."""

    def __init__(self, settings):
        self._settings = settings
        self._images = images.load(settings.images)
        self.reads = [self._images.sha256]
        self._pixels = torch.tensor(self._images.as_reals())

    def _batch(self, generator):
        size = (self._settings.batch,)
        return torch.randint(len(self._pixels), size, generator=generator)

    def _noise(self, like, generator):
        """Draw noise for codes [batch, L], each at an SNR within the settings."""
        low, high = self._settings.lowest_snr_db, self._settings.highest_snr_db
        snr_db = low + (high - low) * torch.rand(len(like), 1, generator=generator)
        return torch.randn(like.shape, generator=generator) * 10 ** (-snr_db / 20)

    def _task_loss(self, decoded, pixels):
        """Return the task loss of images [arn, eq. 21]: MSE per pixel, or 1 - SSIM."""
        if self._settings.task_loss == "mse":
            return ((decoded - pixels) ** 2).mean()
        return 1 - ssim(decoded, pixels, self._images.shape).mean()

    def early_figures(self, model):
        """Return Bob's MSE at 10 dB, and the accuracy of Eve if there is one."""
        (row,) = self._results(model, self._images.take(_EARLY), (10.0,))
        return {key: row[key] for key in ("mse", "accuracy") if key in row}

    def require_measurable(self):
        """Raise ValueError unless there are images to measure the model on."""
        images_to_test(self._settings.images)

    def measured(self, model):
        """Return results over SNR on the test images, for the recipe."""
        tested = images_to_test(self._settings.images)
        return {"images": tested.name, "rows": self._results(model, tested, SNRS_DB)}

    def _results(self, link, tested, snrs_db):
        name = getattr(self._settings, "measured_with", "")
        eve = Eve.load(name) if name else None
        return results(link, tested, snrs_db, eve)


class SchemeOnBase(SemanticScheme):
    """Base class of schemes on the frozen base of the settings' semantic link."""

    def __init__(self, settings):
        self._link = SemanticLink.load(settings.link).without_pair()
        super().__init__(settings)
        self.reads += [self._link.sha256]
        self._codes = codes(self._link, self._images.as_reals())
        self._decoder = TorchNetwork(self._link.decoder).requires_grad_(False)

    def _on_base(self, name, networks, recipe, keying="none") -> SemanticLink:
        """Return the base with additional networks; the recipe names the base."""
        base = self._link
        networks = {role: base.networks[role] for role in BASE} | networks
        recipe = recipe | {"base": {base.name: base.base_sha256}}
        made = {"networks": networks, "keying": keying, "recipe": recipe}
        return SemanticLink(name=name, image_shape=base.image_shape, **made)


def images_to_test(name):
    """Return the test images that belong to the training images `name`."""
    return images.load(name.removesuffix("_train") + "_test")


def codes(link, pixels):
    """Return the codes of images [count, pixels] as a float tensor [count, L]."""
    if pixels.shape[1] != link.pixels:
        raise ValueError(
            f"the images have {pixels.shape[1]} pixels, but link '{link.name}' expects "
            f"{link.pixels}; scale the images, or train a link for their size"
        )
    x = np.empty((len(pixels), link.n), np.complex64)
    PackedNetwork(link.encoder, complex_output=True).run(pixels, x)
    return torch.as_tensor(to_reals(x, link.reals))


def results(link, tested, snrs_db, eve=None) -> list:
    """Return a dictionary for each SNR: mse, psr_db, accuracy, ... of a link."""
    rows = []
    for snr_db in progress.bar(snrs_db, unit="SNR", desc="measuring"):
        setting = SemanticSetting(link, tested, snr_db, snr_db, eve, secret=_ANY_SECRET)
        found = semantic_chain.total(setting, len(tested))
        bob = found["bob"]
        row = {"snr_db": snr_db, "mse": round(bob.mse, 6)}
        if bob.psr_db is not None:
            row["psr_db"] = round(bob.psr_db, 3)
            row["transmit_power_db"] = round(bob.transmit_power_db, 3)
            row["mse_without_bob"] = round(found["bob_without"].mse, 6)
        if eve is not None:
            row["accuracy"] = found["eve"].accuracy
        rows.append(row)
    return rows
