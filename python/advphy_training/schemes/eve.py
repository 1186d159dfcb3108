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
class Settings(semantic_scheme.Settings):
    """Settings of the training of an Eve, on images with labels.

    Args:
        link: semantic link that she intercepts, by name or file; its base is used.
        hidden: neurons of her hidden layers, joined by "-"; "16" is Alice's substitute
            in black box [arn, Sec. V].
        noise: "none": training on codes without noise; "snr": at the SNRs of training.
    """

    link: str = "semantic_mnist"
    hidden: str = "64-32-32"  # [arn, Sec. V]
    noise: str = "none"

    def __post_init__(self):
        super().__post_init__()
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
        logits, labels = self._classifier(y), self._labels[chosen]
        return torch.nn.functional.cross_entropy(logits, labels)

    def link(self, name, recipe):
        """Return the current Eve."""
        networks = {"classifier": self._classifier.export()}
        links = {self._link.name: self._link.sha256}
        return Eve(name=name, networks=networks, listened_to=links, recipe=recipe)

    def _results(self, eve, tested, snrs_db):
        rows = semantic_scheme.results(self._link, tested, snrs_db, eve)
        return [{key: row[key] for key in ("snr_db", "accuracy")} for row in rows]
