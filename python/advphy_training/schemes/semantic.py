# SPDX-License-Identifier: GPL-3.0-or-later
"""The semantic link without security: coders trained through noise [arn, Sec. III]."""

from dataclasses import dataclass

import numpy as np
import torch
from advphy_model.link.semantic_link import BASE, SemanticLink
from advphy_model.network.network import Layer, Network

from advphy_training import semantic_scheme
from advphy_training.schemes.autoencoder import check_word, weights
from advphy_training.torch_network import TorchNetwork

_POWER = {
    "average": "average_power_normalisation",
    "per_message": "l2_normalisation",
}


@dataclass(frozen=True)
class Settings:
    """What can be chosen.

    Args:
        images: data set to train on, such as mnist_train.
        features: neurons of each layer of the semantic encoder and decoder.
        reals: L, real dimensions of a code; L over the pixels is the compression ratio.
        power: "average": mean x_i^2 = 1 over all messages; "per_message": every code
            has ||x||^2 = L, so that its length says nothing of the image.
        lowest_snr_db: of the SNRs trained at, drawn uniformly in dB.
        highest_snr_db: of them.
        task_loss: "mse" or "ssim".
        batch: images of a step.
        steps: of the descent.
        learning_rate: of Adam, at first.
        last_learning_rate: at last.
        warm_up: share of the steps over which the rate rises to that.
    """

    images: str = "mnist_train"
    features: int = 64  # [arn, Sec. V]
    reals: int = 23  # [arn, Sec. V]
    power: str = "average"
    lowest_snr_db: float = 0.0
    highest_snr_db: float = 20.0
    task_loss: str = "mse"
    batch: int = 256
    steps: int = 6000
    learning_rate: float = 1e-2
    last_learning_rate: float = 1e-5
    warm_up: float = 0.3

    def __post_init__(self):
        semantic_scheme.check(self)
        check_word("power", self.power, tuple(_POWER))
        check_word("task_loss", self.task_loss, semantic_scheme.TASK_LOSSES)
        for name, most in (("features", 4096), ("reals", 8192)):
            if not 1 <= getattr(self, name) <= most:
                raise ValueError(f"{name} = {getattr(self, name)}, wanted 1..{most}")


class Scheme(semantic_scheme.SemanticScheme):
    """The four networks of the base, trained in series."""

    def __init__(self, settings: Settings, seed: int):
        self._settings = settings
        self._data = semantic_scheme.Data(settings.images)
        rng = np.random.default_rng(seed)
        networks = base(self._data.pixels.shape[1], settings, rng)
        self._networks = torch.nn.ModuleDict(
            {role: TorchNetwork(network) for role, network in networks.items()}
        )

    def groups(self):
        """Return what Adam trains."""
        return [{"params": list(self._networks.parameters()), "factor": 1.0}]

    def state(self):
        """Return nothing: Adam's tensors are all there is."""
        return {}

    def gradients(self, generator):
        """Fill the gradients of a batch; return its loss."""
        for parameter in self._networks.parameters():
            parameter.grad = None
        pixels = self._data.pixels[self._data.batch(self._settings.batch, generator)]
        x = self._run(BASE[:2], pixels)
        y = x + semantic_scheme.noise(x, self._settings, generator)
        loss = semantic_scheme.task_loss(
            self._settings.task_loss,
            self._run(BASE[2:], y),
            pixels,
            self._data.images.pixels.shape[1:],
        )
        loss.backward()
        return loss.item()

    def _run(self, roles, x):
        for role in roles:
            x = self._networks[role](x)
        return x

    def link(self, name, recipe):
        """Return the link now, the power of its codes frozen over the images."""
        with torch.no_grad():
            features = self._networks["semantic_encoder"](self._data.pixels)
        networks = {
            role: network.export(features if role == "channel_encoder" else None)
            for role, network in self._networks.items()
        }
        return SemanticLink(
            name=name,
            image_shape=self._data.images.pixels.shape[1:],
            networks=networks,
            recipe=recipe,
        )


def base(pixels, settings, rng) -> dict:
    """Return the networks of [arn, Sec. V] by role, with weights to start from.

    784-64-64 and 64-23 to Alice's power, 23-23 and 23-64-64-784 back; ReLU between,
    and a sigmoid behind, since pixels are of 0..1.
    """
    features, reals = settings.features, settings.reals

    def dense(name, outputs, inputs):
        return weights(rng, name, "dense", (outputs, inputs))

    relu1, relu2 = Layer("relu", "relu1"), Layer("relu", "relu2")
    kind = _POWER[settings.power]
    power = Layer(kind, "power", {}, {"energy": float(reals)})
    return {
        "semantic_encoder": Network(
            (
                dense("hidden1", features, pixels),
                relu1,
                dense("hidden2", features, features),
                relu2,
            ),
            (pixels,),
        ),
        "channel_encoder": Network(
            (dense("code", reals, features), power), (features,)
        ),
        "channel_decoder": Network((dense("received", reals, reals),), (reals,)),
        "semantic_decoder": Network(
            (
                dense("hidden1", features, reals),
                relu1,
                dense("hidden2", features, features),
                relu2,
                dense("pixels", pixels, features),
                Layer("sigmoid", "sigmoid"),
            ),
            (reals,),
        ),
    }
