# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of an adversary at Bob's receiver of a semantic link."""

from dataclasses import dataclass
from pathlib import Path

from advphy_model.air import perturbation
from advphy_model.air.image_adversary import ImageAdversary

from advphy_commands._adversary import Perturbed
from advphy_commands._options import option


@dataclass(frozen=True)
class AtBob(Perturbed):
    """Perturbation of Bob's codes, and the effort of crafting it."""

    restarts: int = option(4, "random starts, of which the best counts", type=int)
    steps: int = option(100, "gradient steps of each start", type=int)
    craft_seed: int = option(1, "seed of the crafting", type=int)

    def adversaries(self, setting, out, remark):
        """Yield ImageAdversaries, each followed by a noise jammer of equal power.

        Without --attack, yield None.

        Args:
            setting: SemanticSetting without an adversary.
            out: path of the sums, next to which crafted perturbations are kept.
            remark: function of a text, called with each warning.
        """
        if self.attack is None:
            yield None
            return
        link = setting.link if setting.pair != "none" else setting.link.without_pair()

        def craft(psr_db):
            from advphy_training import attacks, image_attacks

            effort = {"restarts": self.restarts, "steps": self.steps}
            plan = attacks.Plan(psr_db, **effort, seed=self.craft_seed)
            at = self.attack, link, setting.images, setting.snr_db, plan
            kept = Path(out).with_suffix(".perturbations")
            return image_attacks.craft_or_read(*at, kept)

        for p, psr_db in self.found(0, link, setting.snr_db, craft, remark):
            found = ImageAdversary(p, psr_db, setting.seed)
            yield found
            if p.kind != "jammer":
                level = round(found.scaled.psr_db, 4)  # as in the rows
                jammer = perturbation.jammer(0, link.n, level)
                yield ImageAdversary(jammer, seed=setting.seed)
