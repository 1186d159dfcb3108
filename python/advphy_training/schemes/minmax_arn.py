# SPDX-License-Identifier: GPL-3.0-or-later
"""A pair trained against Eves who adapt during the training (alternating min-max).

The letter's Eve does not change. Here the Eves keep learning from what they receive, so
the pair must hide the labels from any listener, not from one network only.
"""

from dataclasses import dataclass

import numpy as np
import torch

from advphy_training import setting_checks
from advphy_training.networks import classifier
from advphy_training.schemes import paired_arn
from advphy_training.torch_network import TorchNetwork


@dataclass(frozen=True)
class Settings(paired_arn.Settings):
    """Settings in addition to those of the letter's pair.

    Args:
        adapting: number of Eves who adapt, each from another start, 1..16.
        eve_rate: learning rate of the Eves relative to that of the pair.
        eve_steps: steps of the Eves per step of the pair, 1..100.
    """

    weight_privacy: float = 0.03
    steps: int = 6000
    adapting: int = 2
    eve_rate: float = 1.0
    eve_steps: int = 2

    def __post_init__(self):
        super().__post_init__()
        setting_checks.within(self, 1, 16, "adapting")
        setting_checks.within(self, 1, 100, "eve_steps")
        setting_checks.positive(self, "eve_rate")
        setting_checks.within(self, 0, 100, "eve_rate")


class Scheme(paired_arn.Scheme):
    """Alice and Bob minimize what adapting Eves maximize."""

    def __init__(self, settings: Settings, seed: int):
        super().__init__(settings, seed)
        rng, classes = np.random.default_rng((seed, 1)), self._images.classes
        self._classifiers = torch.nn.ModuleList(
            TorchNetwork(classifier(self._link.reals, [64, 32, 32], classes, rng))
            for _ in range(settings.adapting)
        )
        rate = 25 * settings.learning_rate * settings.eve_rate
        self._optimizer = torch.optim.SGD(self._classifiers.parameters(), lr=rate)

    def state(self):
        """Return the Eves' weights, which their own descent changes."""
        return {f"eve{i}": p for i, p in enumerate(self._classifiers.parameters())}

    def gradients(self, generator):
        """Train the Eves, then fill the pair's gradients and return its loss."""
        for _ in range(self._settings.eve_steps):
            with torch.no_grad():
                _, intercepted, labels = self.batch_loss(generator)
            self._optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy
            sum(loss(eve(intercepted), labels) for eve in self._classifiers).backward()
            self._optimizer.step()
        return super().gradients(generator)
