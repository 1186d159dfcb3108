# SPDX-License-Identifier: GPL-3.0-or-later
"""An adversary who adds a perturbation to the codes of a semantic link."""

import math
from dataclasses import dataclass

import numpy as np

from advphy_model.air.adversary import Adversary, Arriving
from advphy_model.air.perturbation import Perturbation, checked_psr_db
from advphy_model.complex_baseband import to_reals
from advphy_model.power import from_db, mean_energy
from advphy_model.randomness import checked_seed


@dataclass(frozen=True)
class ImageAdversary(Arriving):
    """An adversary at Bob's receiver: y = x + noise + p over the code of an image.

    A code of L reals has the mean energy L, so p has the energy L PSR in these reals.

    Raises ValueError if the PSR or the seed is out of range.
    """

    # Perturbation that is "universal", "book", "jammer" or "per_image".
    perturbation: Perturbation
    # PSR at the receiver in dB, -100..60; None: the perturbation's own.
    psr_db: float | None = None
    seed: int = 1  # seed of the noise of a jammer and of the draws from a book

    def __post_init__(self):
        checked_psr_db(self.scaled.psr_db)
        checked_seed(self.seed)

    def require_fit(self, link, images) -> None:
        """Raise ValueError unless it is for such a SemanticLink and Images."""
        p = self.perturbation
        p.require_fit(link)
        if p.kind == "per_image" and p.recipe.get("images_sha256") != images.sha256:
            p.refuse(
                f"its {len(p.rows)} rows are for other images than '{images.name}'; "
                "craft it for these images"
            )
        self.adder(link.reals)  # checks the energy

    def adder(self, reals: int):
        """Return a function that adds p to codes of so many reals, in place.

        Its arguments are the numbers of the images, the first index, and the codes.
        """
        p = self.perturbation
        rows = p.rows.astype(complex)
        if p.kind == "jammer":  # half of its power is in the imaginary parts
            rows = np.abs(rows) * np.exp(0.25j * math.pi)
        within = np.mean(np.sum(to_reals(rows, reals).astype(float) ** 2, axis=1))
        if not within > 0:
            p.refuse(f"it is zero in the {reals} reals of a code; craft it again")
        gain = math.sqrt(reals * from_db(self.scaled.psr_db) / within)
        if p.kind == "per_image":
            table = (gain * p.rows).astype(np.complex64)
            return lambda which, first, y: np.add(y, table[which], out=y)
        nominal = 10 * math.log10(mean_energy(gain * rows) / p.n)
        adversary = Adversary(p, nominal, seed=self.seed)
        return lambda which, first, y: adversary.add(None, first, y)
