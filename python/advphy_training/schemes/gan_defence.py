# SPDX-License-Identifier: GPL-3.0-or-later
"""The GAN defense: an autoencoder against a generator network [gan, Sec. III]."""

from dataclasses import dataclass

import numpy as np
import torch
from advphy_model.network.layers import l2_normalisation
from advphy_model.power import perturbation_norm, psr_db_of_epsilon

from advphy_training import setting_checks
from advphy_training.networks import Generator
from advphy_training.schemes import autoencoder


@dataclass(frozen=True)
class Settings(autoencoder.Settings):
    """Settings in addition to those of the autoencoder.

    Args:
        epsilon: scale factor of the perturbation [gan, eq. 2].
        convention: "power": ||p||^2 = epsilon n; "amplitude": ||p|| = epsilon sqrt(n).
            The paper does not specify it.
        gamma: weight of the consensus regularizer [gan, eq. 10]; 0: none.
        clean_weight: weight of the clean cross-entropy [gan, eq. 8]; 0: none.
        encoder: "trained" along with the decoder, or "frozen", which requires a link.
        link: link whose weights are the start, by name or file; "": random weights.
        generator_rate: learning rate of the generator relative to that of the others.
    """

    ebn0_db: float = 8.5  # the code of [sadeghi] and of [gan]'s authors
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
        setting_checks.positive(self, "epsilon", "generator_rate")
        setting_checks.not_negative(self, "gamma", "clean_weight")
        setting_checks.psr(psr_db_of_epsilon(self.epsilon, self.convention))
        setting_checks.word(self, "encoder", ("trained", "frozen"))
        if self.encoder == "frozen" and not self.link:
            needed = "a trained encoder; set link, such as autoencoder_mlp_8p5db"
            raise ValueError(f"encoder = frozen requires {needed}")


class Scheme(autoencoder.Scheme):
    """Encoder and decoder minimize what the generator maximizes."""

    def __init__(self, settings: Settings, seed: int):
        super().__init__(settings, seed)
        architecture = settings.architecture.removesuffix("_bits")
        rng = np.random.default_rng((seed, 1))
        self._generator = Generator(architecture, settings.n, rng)
        psr_db = psr_db_of_epsilon(settings.epsilon, settings.convention)
        self._energy = perturbation_norm(psr_db, settings.n) ** 2

    def groups(self):
        """Return both players; the generator has a learning rate of its own."""
        players, factor = self._generator.parameters(), self._settings.generator_rate
        return [*super().groups(), {"params": list(players), "factor": factor}]

    def gradients(self, generator):
        """Fill the gradients of the minimax game; return its value."""
        game = self.loss(generator)
        maximizers, gamma = list(self._generator.parameters()), self._settings.gamma
        consensus_gradients(game, self.parameters(), maximizers, gamma)
        return game.item()

    def loss(self, generator):
        """Return clean_weight * clean + attacked cross-entropy [gan, eq. 6, 8]."""
        sent, y, codebook = self.received(generator)
        y = torch.cat([y, y + self.perturbations(codebook)[sent]])
        clean, attacked = self._decoder(y).chunk(2)
        cross_entropy = torch.nn.functional.cross_entropy
        weight = self._settings.clean_weight
        return weight * cross_entropy(clean, sent) + cross_entropy(attacked, sent)

    def perturbations(self, codebook):
        """Return G(x) of every codeword, [M, 2n], without gradient to the encoder."""
        return l2_normalisation(self._generator(codebook.detach()), self._energy)


def consensus_gradients(game, minimizers, maximizers, gamma=0.0):
    """Fill .grad of both players for one optimizer that descends [gan, eq. 9-10].

    The vector field of the game is v = (grad_theta d, grad_phi g). With
    L = ||v||^2 / 2 the minimizing player descends d + gamma L and the maximizing player
    ascends g - gamma L, which leads both to v = 0. [gan, eq. 10] prints d - gamma L,
    which leads the minimizing player away from it. The gradients of the maximizing
    player are negated.

    `game` is the scalar d, minimizers are the tensors theta, maximizers phi, which
    enter d only through g, so grad_phi d = grad_phi g. With gamma = 0 a step takes a
    third of the time.
    """
    players = [*minimizers, *maximizers]
    field = torch.autograd.grad(game, players, create_graph=gamma > 0)
    pull = [0.0] * len(players)
    if gamma > 0:
        length = sum((part**2).sum() for part in field) / 2
        unused = {"allow_unused": True, "materialize_grads": True}
        pull = torch.autograd.grad(length, players, **unused)
    signs = [1] * len(minimizers) + [-1] * len(maximizers)
    for player, part, towards, sign in zip(players, field, pull, signs, strict=True):
        player.grad = sign * part.detach() + gamma * towards
