# SPDX-License-Identifier: GPL-3.0-or-later
"""A keyed pair: Alice hides the code with a shared secret; Bob inverts and denoises.

Alice sends Q_k x with a new orthogonal Q_k for each message. In the letter's terms
F_Alice = (Q_k - I) x and F_Bob = (I - Q_k^T) y. Only a residual network after Bob's
inverse is trained. It needs no key, because white noise stays white after a rotation.
The secret is never part of a link. This is encryption in the analog domain: it hides
the code but does not detect modifications.
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
    """Settings of the keyed pair.

    Args:
        link: semantic link with per-message power, by name or file; with average power
            the length of a code would inform Eve.
        transform: "rotation"; "sign_permutation", which is faster but leaves the
            magnitudes of a code visible; or "signs", which hides little.
        measured_with: Eve of the results.
        images: data set to train the denoiser on.
        denoiser: "mlp", or "none": Bob only inverts.
        hidden: neurons of the denoiser's hidden layers, joined by "-".
        task_loss: "mse" or "ssim".
        lowest_snr_db: lowest SNR of the training in dB; SNRs are uniform in dB.
        highest_snr_db: highest SNR of the training in dB.
        batch: images per step.
        steps: number of steps of Adam.
        learning_rate: learning rate after the warm-up.
        last_learning_rate: learning rate at the end.
        warm_up: share of the steps over which the rate rises to learning_rate.
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
    """Bob's residual network after the inverse; the base is frozen."""

    def __init__(self, settings: Settings, seed: int):
        super().__init__(settings)
        rng, hidden = np.random.default_rng(seed), settings.hidden
        block = residual(self._link.reals, rng, setting_checks.layer_sizes(hidden))
        self._bob = TorchNetwork(_idle(block))

    def parameters(self):
        """Return the tensors that Adam trains: Bob's residual network."""
        return self._bob.parameters()

    def loss(self, generator):
        """Return the loss of a batch of Bob's images."""
        chosen = self._batch(generator)
        y = self._codes[chosen]
        y = y + self._noise(y, generator)
        decoded = self._decoder(y - self._bob(y))
        return self._task_loss(decoded, self._pixels[chosen])

    def link(self, name, recipe):
        """Return the current keyed link; its recipe names the base."""
        trained = self._settings.denoiser != "none"
        networks = {"bob": self._bob.export()} if trained else {}
        return self._on_base(name, networks, recipe, self._settings.transform)


def _idle(network):
    """Return the network with output 0, so that training starts from the base."""
    *first, last = network.layers
    zeros = {key: 0 * value for key, value in last.parameters.items()}
    last = dataclasses.replace(last, parameters=zeros)
    return dataclasses.replace(network, layers=(*first, last))
