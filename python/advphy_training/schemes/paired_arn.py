# SPDX-License-Identifier: GPL-3.0-or-later
"""The letter's pair: Alice's residual network fools Eve, Bob's undoes it [arn, IV].

The base is frozen. Alice and Bob minimize a weighted sum [arn, eq. 19] of the power
above the limit, the error of Bob's images, and Eve's confidence in the true label. In
white box this is the true Eve; in black box it is a substitute, or several.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from advphy_model.link.eavesdropper import Eve
from advphy_model.network.network import Layer, Network
from advphy_model.power import from_db, psr_db_of_limit

from advphy_training import semantic_scheme, setting_checks
from advphy_training.networks import residual, weights
from advphy_training.torch_network import TorchNetwork

_TOKEN = 16  # width of a token of the transformer block


@dataclass(frozen=True)
class Settings(semantic_scheme.Settings):
    """Settings of the letter's pair, on images with labels.

    Args:
        link: semantic link whose base is kept, by name or file.
        eve: Eve to fool, by name or file; several, joined by "+", form an ensemble.
        measured_with: Eve of the results; also in black box the true one.
        epsilon: limit of ||delta||^2 / N [arn, eq. 20].
        power_reading: "per_dimension": epsilon is the PSR; "literal": as printed.
        block: network F: "mlp", 23-23-64-23 [arn, Sec. V], "convolution" or
            "transformer".
        weight_power: weight lambda_pow [arn, eq. 19].
        weight_communication: weight lambda_com.
        weight_privacy: weight lambda_pri.
        task_loss: "mse" [arn, eq. 21] or "ssim".
        warm_up: share of the steps over which the rate rises to learning_rate.
    """

    link: str = "semantic_mnist"
    eve: str = "eve_mnist"
    measured_with: str = "eve_mnist"
    epsilon: float = 0.1  # [arn, Sec. V]
    power_reading: str = "per_dimension"
    block: str = "mlp"
    weight_power: float = 0.1  # [arn, Sec. V]
    weight_communication: float = 0.5  # [arn, Sec. V]
    weight_privacy: float = 0.01  # [arn, Sec. V]
    task_loss: str = "mse"
    warm_up: float = 0.1

    def __post_init__(self):
        super().__post_init__()
        setting_checks.word(self, "block", _BLOCKS)
        weights = ("weight_power", "weight_communication", "weight_privacy")
        setting_checks.not_negative(self, *weights)
        setting_checks.positive(self, "epsilon")
        setting_checks.psr(psr_db_of_limit(self.epsilon, self.power_reading, 1))


class Scheme(semantic_scheme.SchemeOnBase):
    """Alice and Bob against one or several Eves who do not change."""

    def __init__(self, settings: Settings, seed: int):
        super().__init__(settings)
        self._labels = torch.as_tensor(self._images.labeled().astype(np.int64))
        self._eves = [Eve.load(name) for name in settings.eve.split("+")]
        self.reads += [eve.sha256 for eve in self._eves]
        for eve in self._eves:
            eve.require_fit(self._link)
            if eve.classes < self._images.classes:
                raise ValueError(
                    f"Eve '{eve.name}' knows {eve.classes} classes, but images "
                    f"'{self._images.name}' have {self._images.classes}; train an Eve "
                    "on these images"
                )
        made = (TorchNetwork(eve.networks["classifier"]) for eve in self._eves)
        self._classifiers = [network.requires_grad_(False) for network in made]
        rng, reals = np.random.default_rng(seed), self._link.reals
        self._alice, self._bob = (
            TorchNetwork(_BLOCKS[settings.block](reals, rng)) for _ in range(2)
        )
        limit = psr_db_of_limit(settings.epsilon, settings.power_reading, reals)
        self._limit = from_db(limit)

    def parameters(self):
        """Return the tensors that Adam trains: Alice's and Bob's residual networks."""
        return [*self._alice.parameters(), *self._bob.parameters()]

    def loss(self, generator):
        """Return the pair's loss of a batch [arn, eq. 19]."""
        return self.batch_loss(generator)[0]

    def batch_loss(self, generator):
        """Return (the pair's loss [arn, eq. 19], what Eve receives, labels)."""
        settings = self._settings
        chosen = self._batch(generator)
        x, labels = self._codes[chosen], self._labels[chosen]
        delta = self._alice(x)
        sent = x + delta
        y = sent + self._noise(x, generator)
        decoded = self._decoder(y - self._bob(y))
        intercepted = sent + self._noise(x, generator)
        confidence = [  # of each Eve in the true label [arn, eq. 22-23]
            torch.softmax(classifier(intercepted), 1).gather(1, labels[:, None]).mean()
            for classifier in self._classifiers
        ]
        power = torch.relu((delta**2).mean() - self._limit)  # [arn, eq. 20]
        communication = self._task_loss(decoded, self._pixels[chosen])
        total = (
            settings.weight_power * power
            + settings.weight_communication * communication
            + settings.weight_privacy * (sum(confidence) / len(confidence))
        )
        return total, intercepted.detach(), labels

    def link(self, name, recipe):
        """Return the link with the current pair; its recipe names base and Eves."""
        pair = {"alice": self._alice.export(), "bob": self._bob.export()}
        made = self._on_base(name, pair, recipe)
        made.recipe["eves"] = {eve.name: eve.sha256 for eve in self._eves}
        return made


def convolution_block(reals, rng) -> Network:
    """Return F with two convolutions of 32 filters and 5 taps over the reals."""
    same = {"padding": [2, 2]}
    layers = (
        Layer("reshape", "row", {}, {"shape": [1, reals]}),
        weights(rng, "conv1", "conv1d", (32, 1, 5), **same),
        Layer("relu", "relu1"),
        weights(rng, "conv2", "conv1d", (32, 32, 5), **same),
        Layer("relu", "relu2"),
        Layer("flatten", "flatten"),
        weights(rng, "output", "dense", (reals, 32 * reals)),
    )
    return Network(layers, (reals,))


def transformer_block(reals, rng) -> Network:
    """Return F with two transformer layers, each real a token [arn, Sec. VI]."""
    width, hidden = _TOKEN, 2 * _TOKEN

    def drawn(*shape):
        return rng.uniform(-1, 1, shape) / math.sqrt(shape[-1])

    def normal():
        return {"scale": np.ones(width), "shift": np.zeros(width)}

    embedding = {"weight": drawn(width), "position": drawn(reals, width)}
    layers = [Layer("token_embedding", "tokens", embedding)]
    for i in (1, 2):
        roles = ("query", "key", "value", "output")
        matrices = {role: drawn(width, width) for role in roles}
        layers.append(Layer("self_attention", f"attention{i}", matrices | normal()))
        inner = {"inner": drawn(hidden, width), "inner_bias": np.zeros(hidden)}
        outer = {"outer": drawn(width, hidden), "outer_bias": np.zeros(width)}
        layers.append(Layer("feed_forward", f"forward{i}", inner | outer | normal()))
    layers += [
        Layer("layer_normalisation", "norm", normal()),
        Layer("flatten", "flatten"),
        weights(rng, "output", "dense", (reals, reals * width)),
    ]
    return Network(tuple(layers), (reals,))


_BLOCKS = {"mlp": residual, "convolution": convolution_block}
_BLOCKS["transformer"] = transformer_block
