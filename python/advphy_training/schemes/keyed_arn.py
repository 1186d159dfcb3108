# SPDX-License-Identifier: GPL-3.0-or-later
"""A keyed pair: a shared secret hides the code, Bob inverts exactly, then denoises.

Alice sends Q_k x, a fresh orthogonal Q_k for each message, so F_Alice = (Q_k - I) x
and F_Bob = (I - Q_k^T) y in the letter's words. What is trained is a residual network
behind Bob's inverse: white noise is as white behind a rotation, so it needs no key.
The secret is never part of a link. This is encryption in the analog domain: it hides
the code, it does not detect a change of it.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np
from advphy_model.link.keying import TRANSFORMS
from advphy_model.link.semantic_link import BASE, SemanticLink

from advphy_training import semantic_scheme
from advphy_training.schemes.autoencoder import check_word
from advphy_training.schemes.eve import codes_of, layer_sizes
from advphy_training.schemes.paired_arn import mlp_block
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
        learning_rate: of Adam, at first.
        last_learning_rate: at last.
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
        check_word("transform", self.transform, TRANSFORMS)
        layer_sizes(self.hidden)
        check_word("denoiser", self.denoiser, ("mlp", "none"))
        check_word("task_loss", self.task_loss, semantic_scheme.TASK_LOSSES)


class Scheme(semantic_scheme.SemanticScheme):
    """Bob's residual behind the inverse; the base is frozen."""

    def __init__(self, settings: Settings, seed: int):
        self._settings = settings
        self._link = SemanticLink.load(settings.link).without_pair()
        self._data = semantic_scheme.Data(settings.images)
        self._codes = codes_of(self._link, self._data.pixels.numpy())
        self._decoder = TorchNetwork(self._link.decoder).requires_grad_(False)
        rng = np.random.default_rng(seed)
        block = mlp_block(self._link.reals, rng, layer_sizes(settings.hidden))
        self._bob = TorchNetwork(_idle(block))

    def groups(self):
        """Return what Adam trains: Bob's residual."""
        return [{"params": list(self._bob.parameters()), "factor": 1.0}]

    def state(self):
        """Return nothing: Adam's tensors are all there is."""
        return {}

    def gradients(self, generator):
        """Fill the gradients of a batch; return its loss."""
        for parameter in self._bob.parameters():
            parameter.grad = None
        chosen = self._data.batch(self._settings.batch, generator)
        x = self._codes[chosen]
        y = x + semantic_scheme.noise(x, self._settings, generator)
        loss = semantic_scheme.task_loss(
            self._settings.task_loss,
            self._decoder(y - self._bob(y)),
            self._data.pixels[chosen],
            self._link.image_shape,
        )
        loss.backward()
        return loss.item()

    def link(self, name, recipe):
        """Return the keyed link now; the recipe names its base."""
        networks = {role: self._link.networks[role] for role in BASE}
        if self._settings.denoiser != "none":
            networks["bob"] = self._bob.export()
        return SemanticLink(
            name=name,
            image_shape=self._link.image_shape,
            networks=networks,
            keying=self._settings.transform,
            recipe=recipe | {"base": {self._link.name: self._link.base_sha256}},
        )


def _idle(network):
    """Return the network with an output of 0, so that training starts from the base."""
    *first, last = network.layers
    zeros = {key: 0 * value for key, value in last.parameters.items()}
    last = dataclasses.replace(last, parameters=zeros)
    return dataclasses.replace(network, layers=(*first, last))
