# SPDX-License-Identifier: GPL-3.0-or-later
"""Adversarial training: perturbed inputs beside the clean ones [gan, Sec. IV-D]."""

from dataclasses import dataclass

import torch
from advphy_model.link import links

from advphy_training.attacked_link import Victim
from advphy_training.attacks import Plan, universal_fgm
from advphy_training.schemes import autoencoder


@dataclass(frozen=True)
class Settings(autoencoder.Settings):
    """What can be chosen beside what the autoencoder has.

    Args:
        link: a plain autoencoder, by name or file; its weights are the start, and in
            mode "stored" it is what the perturbations are crafted against.
        mode: "stored": perturbations crafted once against the link [gan, Sec. III-A];
            "mixed": crafted again and again against the networks of the moment.
        encoder: "trained" along with the decoder, or "frozen".
        psr_db: perturbation-to-signal ratio in dB.
        perturbations: how many are held; each block meets one of them.
        restarts: runs of universal FGM, of which the best is taken.
        craft_every: steps between two perturbations in mode "mixed"; the newest takes
            the place of the oldest.
    """

    ebn0_db: float = 8.5  # [gan, Sec. IV]
    hidden_bias: float = 0.0
    batch: int = 1024
    steps: int = 10000
    learning_rate: float = 1e-3
    link: str = "autoencoder_mlp_8p5db"
    mode: str = "stored"
    encoder: str = "trained"
    psr_db: float = -6.0
    perturbations: int = 1
    restarts: int = 10
    craft_every: int = 100

    def __post_init__(self):
        super().__post_init__()
        autoencoder.check_word("mode", self.mode, ("stored", "mixed"))
        autoencoder.check_word("encoder", self.encoder, ("trained", "frozen"))
        autoencoder.check_psr(self.psr_db)
        for name in ("perturbations", "restarts", "craft_every"):
            if not 1 <= getattr(self, name) <= 100_000:
                raise ValueError(f"{name} = {getattr(self, name)}, wanted 1..100000")


class Scheme(autoencoder.Scheme):
    """An autoencoder that sees every batch clean and perturbed."""

    def __init__(self, settings: Settings, seed: int):
        start = links.load(settings.link)
        super().__init__(settings, seed, start)
        self._start = {start.name: start.sha256}
        held = [
            self._craft(start, 1000 * seed + i) for i in range(settings.perturbations)
        ]
        self._held = torch.cat(held)
        self._steps = torch.zeros((), dtype=torch.int64)

    def parameters(self):
        """Return the tensors that minimise."""
        if self._settings.encoder == "frozen":
            return list(self._decoder.parameters())
        return super().parameters()

    def state(self):
        """Return the perturbations held and the steps taken."""
        return {"held": self._held, "steps": self._steps}

    def gradients(self, generator):
        """Craft when it is time, then fill the gradients of a batch."""
        taken = int(self._steps)
        if self._settings.mode == "mixed" and taken % self._settings.craft_every == 0:
            oldest = taken // self._settings.craft_every % len(self._held)
            attacked = self.link("of_now", {})
            self._held[oldest] = self._craft(attacked, generator.initial_seed())[0]
        self._steps += 1
        return super().gradients(generator)

    def loss(self, generator):
        """Return the mean of the cross-entropies, clean and perturbed [gan, eq. 5]."""
        sent, y, _ = self.received(generator)
        which = torch.randint(len(self._held), (len(sent),), generator=generator)
        both = self._decoder(torch.cat([y, y + self._held[which]]))
        return torch.nn.functional.cross_entropy(both, torch.cat([sent, sent]))

    def link(self, name, recipe):
        """Return the link now; the recipe says what it started from."""
        return super().link(name, recipe | {"started_from": self._start})

    def _craft(self, link, seed):
        """Return the perturbation crafted against a link, [1, 2n]."""
        victim = Victim(link, self._settings.ebn0_db)
        plan = Plan(
            psr_db=self._settings.psr_db,
            ebn0_db=self._settings.ebn0_db,
            restarts=self._settings.restarts,
            seed=seed % 2**63,
        )
        return torch.tensor(universal_fgm.craft([victim], plan))
