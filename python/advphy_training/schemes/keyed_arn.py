# SPDX-License-Identifier: GPL-3.0-or-later
"""A keyed pair: Alice hides the code with a shared secret; Bob inverts and denoises.

Alice sends Q_k x with a new orthogonal Q_k for each message. In the letter's terms
F_Alice = (Q_k - I) x and F_Bob = (I - Q_k^T) y. Only a residual network after Bob's
inverse is trained. It needs no key, because white noise stays white after a rotation.
The secret is never part of a link. This is encryption in the analog domain: it hides
the code but does not detect modifications.
"""

import dataclasses

import numpy as np
from advphy_model.link.semantic_link import TRANSFORMS

from advphy_training import semantic_scheme, setting_checks
from advphy_training.networks import residual
from advphy_training.torch_network import TorchNetwork


@dataclasses.dataclass(frozen=True)
class Settings(semantic_scheme.Settings):
    """Settings of the keyed pair.

    Args:
        link: semantic link with per-message power, by name or file; with average power
            the length of a code would inform Eve.
        transform: "rotation"; "sign_permutation", which is faster but leaves the
            magnitudes of a code visible; or "signs", which hides little.
        measured_with: Eve of the results.
        denoiser: "mlp", or "none": Bob only inverts.
        hidden: neurons of the denoiser's hidden layers, joined by "-".
        task_loss: "mse" or "ssim".
        warm_up: share of the steps over which the rate rises to learning_rate.
    """

    link: str = "semantic_mnist_per_message"
    transform: str = "rotation"
    measured_with: str = "eve_mnist_per_message"
    denoiser: str = "mlp"
    hidden: str = "128-128"
    task_loss: str = "mse"
    steps: int = 5000
    warm_up: float = 0.1

    def __post_init__(self):
        super().__post_init__()
        setting_checks.word(self, "transform", TRANSFORMS)
        setting_checks.word(self, "denoiser", ("mlp", "none"))
        setting_checks.layer_sizes(self.hidden)


class Scheme(semantic_scheme.SchemeOnBase):
    """Bob's residual network after the inverse; the base is frozen."""

    def __init__(self, settings: Settings, seed: int):
        super().__init__(settings)
        rng, hidden = np.random.default_rng(seed), settings.hidden
        block = residual(self._link.reals, rng, setting_checks.layer_sizes(hidden))
        *first, last = block.layers  # an output of 0: training starts from the base
        zeros = {key: 0 * value for key, value in last.parameters.items()}
        layers = (*first, dataclasses.replace(last, parameters=zeros))
        self._bob = TorchNetwork(dataclasses.replace(block, layers=layers))

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
