# SPDX-License-Identifier: GPL-3.0-or-later
"""Eve as in the letter: a classifier of the codes of a link without security [arn, IV].

The letter does not say at which SNR she was trained, and that decides how easily she is
fooled: trained on codes without noise she reproduces its figures; trained over 0..20 dB
she is much harder to fool. `noise` says which; it is written into her file.
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
    """What can be chosen.

    Args:
        link: semantic link that she listens to, by name or file; its base is used.
        images: data set whose labels she learns.
        hidden: neurons of her hidden layers, joined by "-"; "16" is Alice's substitute
            in black box [arn, Sec. V].
        noise: "none": trained on clean codes; "snr": at SNRs of 0..20 dB.
        lowest_snr_db: of the SNRs trained at, drawn uniformly in dB.
        highest_snr_db: of them.
        batch: images of a step.
        steps: of the descent.
        learning_rate: of Adam at the start.
        last_learning_rate: at the end.
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
    """The cross-entropy of labels given received codes."""

    def __init__(self, settings: Settings, seed: int):
        super().__init__(settings)
        self._labels = torch.from_numpy(self._images.labeled().astype(np.int64))
        hidden = setting_checks.layer_sizes(settings.hidden)
        rng, classes = np.random.default_rng(seed), self._images.classes
        network = classifier(self._link.reals, hidden, classes, rng)
        self._classifier = TorchNetwork(network)

    def parameters(self):
        """Return what Adam trains."""
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
        """Return Eve now."""
        networks = {"classifier": self._classifier.export()}
        heard = {self._link.name: self._link.sha256}
        return Eve(name=name, networks=networks, listened_to=heard, recipe=recipe)

    def _results(self, eve, tested, snrs_db):
        """Return her accuracy on the link without security."""
        rows = semantic_scheme.results(self._link, tested, snrs_db, eve)
        return [{key: row[key] for key in ("snr_db", "accuracy")} for row in rows]
