# SPDX-License-Identifier: GPL-3.0-or-later
"""Adversarial training with clean and perturbed inputs [gan, Sec. IV-D]."""

from dataclasses import dataclass

import torch
from advphy_model.link import links

from advphy_training import setting_checks
from advphy_training.attacked_link import AttackedLink
from advphy_training.attacks import Plan, universal_fgm
from advphy_training.schemes import autoencoder


@dataclass(frozen=True)
class Settings(autoencoder.Settings):
    """Settings in addition to those of the autoencoder.

    Args:
        link: plain autoencoder, by name or file. Its weights are the start; in mode
            "stored" the perturbations are crafted against it.
        mode: "stored": perturbations crafted once against the link [gan, Sec. III-A];
            "mixed": crafted repeatedly against the current networks.
        encoder: "trained" along with the decoder, or "frozen".
        psr_db: perturbation-to-signal ratio in dB.
        perturbations: number of perturbations held; each block gets one of them.
        restarts: runs of universal FGM, of which the best is kept.
        craft_every: steps between two perturbations in mode "mixed"; the newest
            replaces the oldest.
    """

    ebn0_db: float = 8.5  # the code of [sadeghi] and of [gan]'s authors
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
        setting_checks.word(self, "mode", ("stored", "mixed"))
        setting_checks.word(self, "encoder", ("trained", "frozen"))
        setting_checks.psr(self.psr_db)
        counts = ("perturbations", "restarts", "craft_every")
        setting_checks.within(self, 1, 100_000, *counts)


class Scheme(autoencoder.Scheme):
    """An autoencoder trained on every batch clean and perturbed."""

    def __init__(self, settings: Settings, seed: int):
        super().__init__(settings, seed)
        start = links.load(settings.link)
        seeds = range(1000 * seed, 1000 * seed + settings.perturbations)
        self._held = torch.cat([self._craft(start, each) for each in seeds])
        self._steps = torch.zeros((), dtype=torch.int64)

    def state(self):
        """Return the perturbations held and the number of steps taken."""
        return {"held": self._held, "steps": self._steps}

    def gradients(self, generator):
        """Craft a perturbation if one is due, then fill the gradients of a batch."""
        taken = int(self._steps)
        if self._settings.mode == "mixed" and taken % self._settings.craft_every == 0:
            oldest = taken // self._settings.craft_every % len(self._held)
            attacked = self.link("current", {})
            self._held[oldest] = self._craft(attacked, generator.initial_seed())[0]
        self._steps += 1
        return super().gradients(generator)

    def loss(self, generator):
        """Return the mean of the cross-entropies, clean and perturbed [gan, eq. 5]."""
        sent, y, _ = self.received(generator)
        which = torch.randint(len(self._held), (len(sent),), generator=generator)
        both = self._decoder(torch.cat([y, y + self._held[which]]))
        return torch.nn.functional.cross_entropy(both, torch.cat([sent, sent]))

    def _craft(self, link, seed):
        settings = self._settings
        at = {key: getattr(settings, key) for key in ("psr_db", "ebn0_db", "restarts")}
        attacked = [AttackedLink(link, settings.ebn0_db)]
        return torch.tensor(universal_fgm.craft(attacked, Plan(**at), seed % 2**63))
