# SPDX-License-Identifier: GPL-3.0-or-later
"""Eve as in the letter: a classifier of the codes of a link without security [arn, IV].

The letter does not give the SNR of her training, which decides how easily she is
fooled. Trained on codes without noise she reproduces its figures; trained over 0..20 dB
she is much harder to fool. The setting `noise` selects one; her file contains it.
"""

from dataclasses import dataclass

import numpy as np
import torch
from advphy_model.link.eavesdropper import Eve

from advphy_training import semantic_scheme, setting_checks
from advphy_training.networks import classifier
from advphy_training.torch_network import TorchNetwork


@dataclass(frozen=True)
class Settings:
    """Settings of the training of an Eve.

    Args:
        link: semantic link that she intercepts, by name or file; its base is used.
        images: data set with labels.
        hidden: neurons of her hidden layers, joined by "-"; "16" is Alice's substitute
            in black box [arn, Sec. V].
        noise: "none": training on codes without noise; "snr": at the SNRs below.
        lowest_snr_db: lowest SNR of the training in dB; SNRs are uniform in dB.
        highest_snr_db: highest SNR of the training in dB.
        batch: images per step.
        steps: number of steps of Adam.
        learning_rate: learning rate at the start.
        last_learning_rate: learning rate at the end.
    """

    link: str = "semantic_mnist"
    images: str = "mnist_train"
    hidden: str = "64-32-32"  # [arn, Sec. V]
    noise: str = "none"
    lowest_snr_db: float = 0.0
    highest_snr_db: float = 20.0
    batch: int = 256
    steps: int = 4000
    learning_rate: float = 2e-3
    last_learning_rate: float = 1e-5

    def __post_init__(self):
        semantic_scheme.check(self)
        setting_checks.word(self, "noise", ("none", "snr"))
        setting_checks.layer_sizes(self.hidden)


class Scheme(semantic_scheme.SchemeOnBase):
    """A classifier trained with the cross-entropy of labels given received codes."""

    def __init__(self, settings: Settings, seed: int):
        super().__init__(settings)
        self._labels = torch.as_tensor(self._images.labeled().astype(np.int64))
        hidden = setting_checks.layer_sizes(settings.hidden)
        rng, classes = np.random.default_rng(seed), self._images.classes
        network = classifier(self._link.reals, hidden, classes, rng)
        self._classifier = TorchNetwork(network)

    def parameters(self):
        """Return the tensors that Adam trains."""
        return self._classifier.parameters()

    def loss(self, generator):
        """Return the mean cross-entropy of a batch."""
        chosen = self._batch(generator)
        y = self._codes[chosen]
        if self._settings.noise == "snr":
            y = y + self._noise(y, generator)
        return torch.nn.functional.cross_entropy(
            self._classifier(y), self._labels[chosen]
        )

    def link(self, name, recipe):
        """Return the current Eve."""
        networks = {"classifier": self._classifier.export()}
        links = {self._link.name: self._link.sha256}
        return Eve(name=name, networks=networks, listened_to=links, recipe=recipe)

    def _results(self, eve, tested, snrs_db):
        """Return her accuracy on the link without security."""
        rows = semantic_scheme.results(self._link, tested, snrs_db, eve)
        return [{key: row[key] for key in ("snr_db", "accuracy")} for row in rows]
