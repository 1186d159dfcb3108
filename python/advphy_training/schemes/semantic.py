# SPDX-License-Identifier: GPL-3.0-or-later
"""The semantic link without security, trained through noise [arn, Sec. III]."""

from dataclasses import dataclass

import numpy as np
import torch
from advphy_model.link.semantic_link import BASE, SemanticLink
from advphy_model.network.network import Layer

from advphy_training import semantic_scheme, setting_checks
from advphy_training.networks import perceptron
from advphy_training.torch_network import modules

_POWER = {"average": "average_power_normalisation", "per_message": "l2_normalisation"}


@dataclass(frozen=True)
class Settings(semantic_scheme.Settings):
    """Settings of the semantic link.

    Args:
        features: neurons of each layer of the semantic encoder and decoder.
        reals: L, real dimensions of a code; L over the pixels is the compression ratio.
        power: "average": mean x_i^2 = 1 over all messages; "per_message": ||x||^2 = L
            for every code, so its length contains nothing about the image.
        task_loss: "mse" or "ssim".
        warm_up: share of the steps over which the rate rises to learning_rate.
    """

    features: int = 64  # [arn, Sec. V]
    reals: int = 23  # [arn, Sec. V]
    power: str = "average"
    task_loss: str = "mse"
    steps: int = 6000
    learning_rate: float = 1e-2
    warm_up: float = 0.3

    def __post_init__(self):
        super().__post_init__()
        setting_checks.word(self, "power", _POWER)
        setting_checks.within(self, 1, 4096, "features")
        setting_checks.within(self, 1, 8192, "reals")


class Scheme(semantic_scheme.SemanticScheme):
    """The four networks of the base, connected in series."""

    def __init__(self, settings: Settings, seed: int):
        super().__init__(settings)
        rng = np.random.default_rng(seed)
        self._networks = modules(base(self._pixels.shape[1], settings, rng))

    def parameters(self):
        """Return the tensors that Adam trains."""
        return self._networks.parameters()

    def loss(self, generator):
        """Return the loss of a batch of images."""
        pixels = self._pixels[self._batch(generator)]
        x = self._run(BASE[:2], pixels)
        decoded = self._run(BASE[2:], x + self._noise(x, generator))
        return self._task_loss(decoded, pixels)

    def _run(self, roles, x):
        for role in roles:
            x = self._networks[role](x)
        return x

    def link(self, name, recipe):
        """Return the current link; its power scale is fixed over the images."""
        with torch.no_grad():
            features = self._networks["semantic_encoder"](self._pixels)
        networks = {
            role: network.export(features if role == "channel_encoder" else None)
            for role, network in self._networks.items()
        }
        made = {"networks": networks, "recipe": recipe}
        return SemanticLink(name=name, image_shape=self._images.shape, **made)


def base(pixels, settings, rng) -> dict:
    """Return the networks of [arn, Sec. V] by role, with random weights.

    The encoders are 784-64-64 and 64-23, followed by the power normalization; the
    decoders are 23-23 and 23-64-64-784. ReLUs are in between and a sigmoid is at the
    end, because pixels are in 0..1.
    """
    features, reals = settings.features, settings.reals
    power = Layer(_POWER[settings.power], "power", {}, {"energy": float(reals)})
    sigmoid = Layer("sigmoid", "sigmoid")
    hidden = [features, features]
    sizes = [reals, *hidden, pixels]
    return {
        "semantic_encoder": perceptron(rng, [pixels, *hidden]),
        "channel_encoder": perceptron(rng, [features, reals], "code", after=[power]),
        "channel_decoder": perceptron(rng, [reals, reals], "received"),
        "semantic_decoder": perceptron(rng, sizes, "pixels", after=[sigmoid]),
    }
