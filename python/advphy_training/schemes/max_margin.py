# SPDX-License-Identifier: GPL-3.0-or-later
"""A codebook trained for the nearest-codeword decision, without a decoder.

The posterior of message s is softmax(-||y - x_s||^2 / 2 sigma^2). At high Eb/N0 the
few smallest distances dominate its cross-entropy and the gradient vanishes early; at
low Eb/N0 all distances count. There are several optima. They differ by some hundredths
of a dB without an attack, but by a factor of two under a universal one, which hits many
messages at once if their neighbors lie in one direction. So measure several seeds.

The union bound, (1/M) times the sum of Q(d_st / (2 sigma)) over the pairs, led to the
same distances from each start that was tried at 8 dB. Its logarithm is minimized, so
that the gradient does not vanish.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from advphy_model.complex_baseband import to_complex
from advphy_model.link.link_model import LinkModel
from advphy_model.network.layers import average_power_normalisation, l2_normalisation
from advphy_model.power import noise_sigma

from advphy_training import setting_checks
from advphy_training.link_scheme import LinkScheme

_NORMALIZATIONS = {"equal": l2_normalisation, "average": average_power_normalisation}


@dataclass(frozen=True)
class Settings:
    """Settings of the codebook's training.

    Args:
        k: bits per message, 1..8.
        n: channel uses per codeword, 1..64.
        energy: "equal": every codeword has energy n, as in the two simplices;
            "average": the mean energy is n.
        objective: "posterior": the cross-entropy of received vectors; "union_bound".
        ebn0_db: training Eb/N0 in dB.
        batch: received vectors per step; the union bound has none.
        steps: number of steps of Adam.
        learning_rate: learning rate at the first step.
        last_learning_rate: learning rate at the last step; it falls along a cosine.
    """

    k: int = 4
    n: int = 7
    energy: str = "equal"
    objective: str = "posterior"
    ebn0_db: float = 0.0
    batch: int = 4096
    steps: int = 10000
    learning_rate: float = 1e-2
    last_learning_rate: float = 1e-5

    def __post_init__(self):
        setting_checks.size(self)
        setting_checks.word(self, "energy", _NORMALIZATIONS)
        setting_checks.word(self, "objective", ("posterior", "union_bound"))
        noise_sigma(self.ebn0_db, self.k / self.n)  # raises for an invalid Eb/N0
        setting_checks.descent(self)


class Scheme(LinkScheme):
    """A free codebook [M, 2n] under the power limit."""

    def __init__(self, settings: Settings, seed: int):
        self._settings = settings
        start = np.random.default_rng(seed).normal(size=(2**settings.k, 2 * settings.n))
        self._free = torch.tensor(start, dtype=torch.float32, requires_grad=True)
        self._sigma = noise_sigma(settings.ebn0_db, settings.k / settings.n)

    def parameters(self):
        """Return the tensor that Adam trains: the codebook without normalization."""
        return [self._free]

    def loss(self, generator):
        """Return the mean cross-entropy of a batch, or the logarithm of the bound."""
        codebook = self._codebook()
        if self._settings.objective == "union_bound":
            half = torch.pdist(codebook) / (2 * self._sigma)
            pairs = torch.logsumexp(torch.special.log_ndtr(-half), 0)
            return pairs + math.log(2 / len(codebook))
        size = (self._settings.batch,)
        sent = torch.randint(len(codebook), size, generator=generator)
        noise = torch.randn(len(sent), codebook.shape[1], generator=generator)
        y = codebook[sent] + self._sigma * noise
        energy = (codebook**2).sum(dim=1)
        logits = (y @ codebook.T - energy / 2) / self._sigma**2
        return torch.nn.functional.cross_entropy(logits, sent)

    def link(self, name: str, recipe: dict) -> LinkModel:
        """Return the link with the current codebook."""
        size = {"k": self._settings.k, "n": self._settings.n}
        book = to_complex(self._codebook().detach().numpy())
        how = {"decision": "nearest_codeword", "recipe": recipe}
        return LinkModel(name, **size, codebook=book, **how)

    def _codebook(self):
        normalize = _NORMALIZATIONS[self._settings.energy]
        return normalize(self._free, energy=self._settings.n)
