# SPDX-License-Identifier: GPL-3.0-or-later
"""A keyed pair: a shared secret hides the code, Bob inverts exactly, then denoises.

Alice sends Q_k x, a fresh orthogonal Q_k for each message, so F_Alice = (Q_k - I) x
and F_Bob = (I - Q_k^T) y in the letter's words. What is trained is a residual network
after Bob's inverse: white noise is as white after a rotation, so it needs no key.
The secret is never part of a link. This is encryption in the analog domain: it hides
the code, it does not detect a change of it.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np
from advphy_model.link.semantic_link import TRANSFORMS

from advphy_training import semantic_scheme, setting_checks
from advphy_training.networks import residual
from advphy_training.torch_network import TorchNetwork


@dataclass(frozen=True)
class Settings:
    """What can be chosen.

    Args:
        link: semantic link with per-message power, by name or file; a code's length
            would tell Eve something otherwise.
        transform: "rotation" or "sign_permutation", which is faster and shows the
            magnitudes of a code (or "signs", which hides little).
        measured_with: Eve whom the results are of.
        images: data set to train the denoiser on.
        denoiser: "mlp", or "none": Bob inverts and no more.
        hidden: neurons of the denoiser's hidden layers, joined by "-".
        task_loss: "mse" or "ssim".
        lowest_snr_db: of the SNRs trained at, uniform in dB.
        highest_snr_db: of them.
        batch: images of a step.
        steps: of the descent.
        learning_rate: of Adam at the start.
        last_learning_rate: at the end.
        warm_up: share of the steps over which the rate rises to the first.
    """

    link: str = "semantic_mnist_per_message"
    transform: str = "rotation"
    measured_with: str = "eve_mnist_per_message"
    images: str = "mnist_train"
    denoiser: str = "mlp"
    hidden: str = "128-128"
    task_loss: str = "mse"
    lowest_snr_db: float = 0.0
    highest_snr_db: float = 20.0
    batch: int = 256
    steps: int = 5000
    learning_rate: float = 2e-3
    last_learning_rate: float = 1e-5
    warm_up: float = 0.1

    def __post_init__(self):
        semantic_scheme.check(self)
        setting_checks.word(self, "transform", TRANSFORMS)
        setting_checks.word(self, "denoiser", ("mlp", "none"))
        setting_checks.layer_sizes(self.hidden)


class Scheme(semantic_scheme.SchemeOnBase):
    """Bob's residual after the inverse; the base is frozen."""

    def __init__(self, settings: Settings, seed: int):
        super().__init__(settings)
        rng, hidden = np.random.default_rng(seed), settings.hidden
        block = residual(self._link.reals, rng, setting_checks.layer_sizes(hidden))
        self._bob = TorchNetwork(_idle(block))

    def parameters(self):
        """Return what Adam trains: Bob's residual."""
        return self._bob.parameters()

    def loss(self, generator):
        """Return the loss of Bob's images of a batch."""
        chosen = self._batch(generator)
        y = self._codes[chosen]
        y = y + self._noise(y, generator)
        decoded = self._decoder(y - self._bob(y))
        return self._task_loss(decoded, self._pixels[chosen])

    def link(self, name, recipe):
        """Return the keyed link now; the recipe names its base."""
        trained = self._settings.denoiser != "none"
        networks = {"bob": self._bob.export()} if trained else {}
        return self._on_base(name, networks, recipe, self._settings.transform)


def _idle(network):
    """Return the network with an output of 0, so that training starts from the base."""
    *first, last = network.layers
    zeros = {key: 0 * value for key, value in last.parameters.items()}
    last = dataclasses.replace(last, parameters=zeros)
    return dataclasses.replace(network, layers=(*first, last))
