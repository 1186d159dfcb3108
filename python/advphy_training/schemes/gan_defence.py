# SPDX-License-Identifier: GPL-3.0-or-later
"""The GAN defence: an autoencoder against a generator network [gan, Sec. III]."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from advphy_model.link import links
from advphy_model.network.layers import l2_normalisation
from advphy_model.network.network import Layer, Network
from advphy_model.power import perturbation_norm, psr_db_of_epsilon

from advphy_training import consensus
from advphy_training.schemes import autoencoder
from advphy_training.torch_network import TorchNetwork


@dataclass(frozen=True)
class Settings(autoencoder.Settings):
    """What can be chosen beside what the autoencoder has.

    Args:
        epsilon: scale factor of the perturbation [gan, eq. 2].
        convention: "power": ||p||^2 = epsilon n; "amplitude": ||p|| = epsilon sqrt(n).
            The paper does not say which.
        gamma: weight of the consensus regulariser [gan, eq. 10]; 0: none.
        clean_weight: of the clean cross-entropy [gan, eq. 8]; 0: without.
        encoder: "trained" along with the decoder, or "frozen", which needs a link.
        link: a link whose weights are the start, by name or file; "": a fresh start.
        generator_rate: learning rate of the generator over that of the others.
    """

    ebn0_db: float = 8.5  # [gan, Sec. IV]
    hidden_bias: float = 0.0
    batch: int = 1024
    steps: int = 10000
    learning_rate: float = 1e-3
    epsilon: float = 0.2
    convention: str = "power"
    gamma: float = 0.0
    clean_weight: float = 1.0
    encoder: str = "trained"
    link: str = ""
    generator_rate: float = 1.0

    def __post_init__(self):
        super().__post_init__()
        for name in ("epsilon", "generator_rate"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} = {getattr(self, name)}, wanted > 0")
        for name in ("gamma", "clean_weight"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} = {getattr(self, name)}, wanted >= 0")
        autoencoder.check_psr(psr_db_of_epsilon(self.epsilon, self.convention))
        autoencoder.check_word("encoder", self.encoder, ("trained", "frozen"))
        if self.encoder == "frozen" and not self.link:
            raise ValueError(
                "encoder = frozen needs a trained one: set link, such as "
                "autoencoder_mlp_8p5db"
            )


class Generator(torch.nn.Module):
    """G: codewords to perturbations, scaled by whoever uses them [gan, Table I, II].

    Two convolutions of 6 taps, 16 and 64 filters; in the CNN case 128 and 128 with
    batch normalisation, here over the codebook, which is all inputs there are: it needs
    no running mean.
    """

    def __init__(self, architecture, n, rng):
        super().__init__()
        self._normalised = architecture == "cnn"
        first, second = (128, 128) if self._normalised else (16, 64)
        keep = {"padding": [2, 3]}  # the length
        weights = autoencoder.weights
        one = (
            Layer("reshape", "sequence", {}, {"shape": [1, 2 * n]}),
            weights(rng, "conv1", "conv1d", (first, 1, 6), **keep),
            Layer("relu", "relu1"),
        )
        two = (
            weights(rng, "conv2", "conv1d", (second, first, 6), **keep),
            Layer("relu", "relu2"),
        )
        three = (
            Layer("flatten", "flatten"),
            weights(rng, "output", "dense", (2 * n, second * 2 * n)),
        )
        shapes = ((2 * n,), (first, 2 * n), (second, 2 * n))
        self._parts = torch.nn.ModuleList(
            TorchNetwork(Network(layers, shape))
            for layers, shape in zip((one, two, three), shapes, strict=True)
        )
        self._scales = torch.nn.ParameterList(
            torch.ones(1, filters, 1) for filters in (first, second) if self._normalised
        )
        self._shifts = torch.nn.ParameterList(
            torch.zeros(1, filters, 1)
            for filters in (first, second)
            if self._normalised
        )

    def forward(self, codebook):
        """Return the directions [M, 2n] for a codebook [M, 2n]."""
        *convolutions, output = self._parts
        x = codebook
        for i, convolution in enumerate(convolutions):
            x = convolution(x)
            if self._normalised:
                variance, mean = torch.var_mean(x, (0, 2), correction=0, keepdim=True)
                x = (x - mean) / (variance + 1e-5) ** 0.5
                x = x * self._scales[i] + self._shifts[i]
        return output(x)


class Scheme(autoencoder.Scheme):
    """Encoder and decoder minimise what the generator maximises."""

    def __init__(self, settings: Settings, seed: int):
        start = links.load(settings.link) if settings.link else None
        super().__init__(settings, seed, start)
        self._start = {start.name: start.sha256} if start else {}
        self._generator = Generator(
            settings.architecture, settings.n, np.random.default_rng((seed, 1))
        )
        psr_db = psr_db_of_epsilon(settings.epsilon, settings.convention)
        self._energy = perturbation_norm(psr_db, settings.n) ** 2

    def parameters(self):
        """Return the tensors that minimise."""
        if self._settings.encoder == "frozen":
            return list(self._decoder.parameters())
        return super().parameters()

    def groups(self):
        """Return both players, the generator with its own learning rate."""
        return [
            *super().groups(),
            {
                "params": list(self._generator.parameters()),
                "factor": self._settings.generator_rate,
            },
        ]

    def gradients(self, generator):
        """Fill the gradients of the minimax game; return its value."""
        game = self.loss(generator)
        consensus.gradients(
            game,
            self.parameters(),
            list(self._generator.parameters()),
            self._settings.gamma,
        )
        return game.item()

    def loss(self, generator):
        """Return cross-entropy, clean plus under attack [gan, eq. 6]."""
        sent, y, codebook = self.received(generator)
        y = torch.cat([y, y + self.perturbations(codebook)[sent]])
        clean, attacked = self._decoder(y).chunk(2)
        cross_entropy = torch.nn.functional.cross_entropy
        weight = self._settings.clean_weight
        return weight * cross_entropy(clean, sent) + cross_entropy(attacked, sent)

    def perturbations(self, codebook):
        """Return G(x) of every codeword, [M, 2n].

        The encoder does not see the gradient through it.
        """
        return l2_normalisation(self._generator(codebook.detach()), self._energy)

    def link(self, name, recipe):
        """Return the link now; the recipe says what it started from."""
        started = {"started_from": self._start} if self._start else {}
        return super().link(name, recipe | started)
