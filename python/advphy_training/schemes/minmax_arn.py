# SPDX-License-Identifier: GPL-3.0-or-later
"""A pair trained against Eves who adapt while it is trained: alternating min-max.

The letter's Eve does not change. Here her classifiers go on learning from what she
receives, so the pair has to hide labels from whoever listens, not from one network.
"""

from dataclasses import dataclass

import numpy as np
import torch

from advphy_training.schemes import paired_arn
from advphy_training.schemes.eve import classifier
from advphy_training.torch_network import TorchNetwork


@dataclass(frozen=True)
class Settings(paired_arn.Settings):
    """What can be chosen beside what the letter's pair has.

    Args:
        adapting: how many Eves adapt, from different starts.
        eve_rate: learning rate of these over that of the pair.
        eve_steps: steps of theirs for each of the pair.
    """

    weight_privacy: float = 0.03
    steps: int = 6000
    adapting: int = 2
    eve_rate: float = 1.0
    eve_steps: int = 2

    def __post_init__(self):
        super().__post_init__()
        for name, most in (("adapting", 16), ("eve_steps", 100)):
            if not 1 <= getattr(self, name) <= most:
                raise ValueError(f"{name} = {getattr(self, name)}, wanted 1..{most}")
        if not 0 < self.eve_rate < 100:
            raise ValueError(f"eve_rate = {self.eve_rate}, wanted 0..100")


class Scheme(paired_arn.Scheme):
    """Alice and Bob minimise what adapting Eves maximise."""

    def __init__(self, settings: Settings, seed: int):
        super().__init__(settings, seed)
        rng = np.random.default_rng((seed, 1))
        self._classifiers = [
            TorchNetwork(
                classifier(
                    self._link.reals, [64, 32, 32], self._data.images.classes, rng
                )
            )
            for _ in range(settings.adapting)
        ]
        rate = settings.learning_rate * settings.eve_rate
        self._optimiser = torch.optim.SGD(self._theirs(), lr=25 * rate)

    def _theirs(self):
        return [p for network in self._classifiers for p in network.parameters()]

    def state(self):
        """Return the Eves' weights, which their own descent changes."""
        return {f"eve{i}": p for i, p in enumerate(self._theirs())}

    def gradients(self, generator):
        """Let the Eves learn, then fill the pair's gradients; return its loss."""
        for _ in range(self._settings.eve_steps):
            with torch.no_grad():
                _, intercepted, labels = self.loss(generator)
            self._optimiser.zero_grad()
            losses = [
                torch.nn.functional.cross_entropy(network(intercepted), labels)
                for network in self._classifiers
            ]
            sum(losses).backward()
            self._optimiser.step()
        return super().gradients(generator)
