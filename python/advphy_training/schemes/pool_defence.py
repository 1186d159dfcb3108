# SPDX-License-Identifier: GPL-3.0-or-later
"""The pool defense: an autoencoder against many universal perturbations.

Each perturbation of the pool ascends its own gradient. Encoder and decoder descend the
clean loss plus a term that ties the decisions under attack to the clean ones, as in
TRADES (Zhang et al., 2019).
"""

from dataclasses import dataclass

import torch
from advphy_model.power import perturbation_norm

from advphy_training import projected_ascent, setting_checks
from advphy_training.schemes import autoencoder


@dataclass(frozen=True)
class Settings(autoencoder.Settings):
    """Settings in addition to those of the autoencoder.

    Args:
        pool: number of perturbations; every block gets one of them.
        psr_db: PSR of each perturbation in dB.
        beta: weight of the loss under attack.
        term: "kl": divergence of the posterior under attack from the clean one;
            "ce": cross-entropy under attack.
        ascent: length of a perturbation's step relative to its norm.
        link: link whose weights are the start, by name or file; "": random weights.
    """

    batch: int = 2048
    steps: int = 8000
    pool: int = 16
    psr_db: float = -6.0
    beta: float = 3.0
    term: str = "ce"
    ascent: float = 0.05
    link: str = ""

    def __post_init__(self):
        super().__post_init__()
        setting_checks.within(self, 1, self.batch, "pool")
        setting_checks.positive(self, "beta", "ascent")
        setting_checks.psr(self.psr_db)
        setting_checks.word(self, "term", ("kl", "ce"))


class Scheme(autoencoder.Scheme):
    """Encoder and decoder minimize what the pool maximizes."""

    def __init__(self, settings: Settings, seed: int):
        super().__init__(settings, seed)
        generator = torch.Generator().manual_seed(seed)
        drawn = torch.randn(settings.pool, 2 * settings.n, generator=generator)
        norm = perturbation_norm(settings.psr_db, settings.n)
        self._pool = projected_ascent.project(drawn, norm)
        self._pool.requires_grad_(True)

    def state(self):
        """Return the pool."""
        return {"pool": self._pool}

    def gradients(self, generator):
        """Fill the gradients of a batch, take a step of the pool, return the loss."""
        self._pool.grad = None
        loss = super().gradients(generator)
        with torch.no_grad():
            length, gradient = self._settings.ascent, self._pool.grad
            self._pool.copy_(projected_ascent.step(self._pool, gradient, length))
        return loss

    def loss(self, generator):
        """Return the clean cross-entropy plus beta times the term under attack."""
        sent, y, _ = self.received(generator)
        p = self._pool[torch.arange(len(sent)) % len(self._pool)]
        clean, attacked = self._decoder(torch.cat([y, y + p])).chunk(2)
        functional = torch.nn.functional
        term = functional.cross_entropy(attacked, sent)
        if self._settings.term == "kl":
            both = (functional.log_softmax(logits, 1) for logits in (attacked, clean))
            term = functional.kl_div(*both, reduction="batchmean", log_target=True)
        return functional.cross_entropy(clean, sent) + self._settings.beta * term
