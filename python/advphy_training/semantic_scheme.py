# SPDX-License-Identifier: GPL-3.0-or-later
"""What schemes that train semantic links share: data, noise, results, the file."""

import numpy as np
import torch
from advphy_model.files import images
from advphy_model.link.eavesdropper import Eve
from advphy_model.measure import semantic_chain
from advphy_model.measure.image_quality import ssim
from advphy_model.measure.semantic_chain import SemanticSetting
from advphy_model.power import snr_noise_variance

from advphy_training import progress
from advphy_training.schemes import autoencoder

SNRS_DB = (0.0, 5.0, 10.0, 15.0, 20.0)  # [arn, Fig. 3]
_EARLY = slice(0, 1000)  # images that early figures are of
TASK_LOSSES = ("mse", "ssim")
_ANY_SECRET = bytes(32)  # what a keyed link comes to does not depend on it


def check(settings):
    """Raise ValueError unless SNRs, sizes and the descent of Settings make sense."""
    autoencoder.check_descent(settings)
    for name in ("lowest_snr_db", "highest_snr_db"):
        snr_noise_variance(getattr(settings, name))
    if not 0 <= getattr(settings, "warm_up", 0.0) <= 0.9:
        raise ValueError(f"warm_up = {settings.warm_up}, wanted 0..0.9")
    if settings.lowest_snr_db > settings.highest_snr_db:
        raise ValueError(
            f"lowest_snr_db = {settings.lowest_snr_db:g} is above highest_snr_db = "
            f"{settings.highest_snr_db:g}"
        )


class Data:
    """Images in torch, and batches of them.

    Args:
        name: of a data set (images.load).
    """

    def __init__(self, name):
        self.images = images.load(name)
        self.pixels = torch.tensor(self.images.as_reals())

    @property
    def labels(self):
        """Return the labels, int64; ValueError when there are none."""
        return torch.from_numpy(self.images.labelled().astype(np.int64))

    def batch(self, size, generator):
        """Return the indices of a batch drawn with the generator."""
        return torch.randint(len(self.pixels), (size,), generator=generator)


def noise(like, settings, generator):
    """Return noise for codes [batch, L], each at an SNR drawn from the settings."""
    low, high = settings.lowest_snr_db, settings.highest_snr_db
    snr_db = low + (high - low) * torch.rand(len(like), 1, generator=generator)
    return torch.randn(like.shape, generator=generator) * 10 ** (-snr_db / 20)


def task_loss(kind, decoded, pixels, shape):
    """Return the loss of semantic communication [arn, eq. 21]: another task, another.

    Args:
        kind: "mse", the mean squared error per pixel, or "ssim", 1 - SSIM.
        decoded: [batch, pixels].
        pixels: [batch, pixels], what was sent.
        shape: (rows, columns).
    """
    if kind == "mse":
        return ((decoded - pixels) ** 2).mean()
    return 1 - ssim(decoded, pixels, shape).mean()


class SemanticScheme:
    """Early figures, results and file of a scheme that makes SemanticLinks.

    A subclass has `_settings` with images, and perhaps measured_with, an Eve.
    """

    def early_figures(self, link):
        """Return Bob's MSE at 10 dB, and the accuracy of Eve where there is one."""
        sample = sample_of(self._settings.images)
        row = results(link, sample, self.eve(), (10.0,))[0]
        return {key: row[key] for key in ("mse", "accuracy") if key in row}

    def measured(self, link):
        """Return results over SNR on the test images, for the recipe."""
        found = tested(self._settings.images)
        return {"images": found.name, "rows": results(link, found, self.eve())}

    def eve(self):
        """Return the Eve of the settings that results are of, or None."""
        name = getattr(self._settings, "measured_with", "")
        return Eve.load(name) if name else None

    def write(self, link, path):
        """Write the semantic link."""
        link.write(path)


def sample_of(name):
    """Return the first images of a data set: enough for early figures."""
    return images.load(name).take(_EARLY)


def tested(name):
    """Return the images to test on where those of `name` were trained on."""
    return images.load(name.removesuffix("_train") + "_test")


def results(link, tested, eve=None, snrs_db=SNRS_DB) -> list:
    """Return a dictionary for each SNR: mse, psr_db, accuracy, ... of a link."""
    rows = []
    for snr_db in progress.bar(snrs_db, unit="SNR", desc="measuring"):
        setting = SemanticSetting(
            link=link,
            images=tested,
            snr_db=snr_db,
            eve_snr_db=snr_db,
            eve=eve,
            secret=_ANY_SECRET,
        )
        found = semantic_chain.total(setting, len(tested))
        row = {"snr_db": snr_db, "mse": round(found["bob"].mse, 6)}
        if found["bob"].psr_db is not None:
            row["psr_db"] = round(found["bob"].psr_db, 3)
            row["transmit_power_db"] = round(found["bob"].transmit_power_db, 3)
            row["mse_without_bob"] = round(found["bob_without"].mse, 6)
        if eve is not None:
            row["accuracy"] = found["eve"].accuracy
        rows.append(row)
    return rows
