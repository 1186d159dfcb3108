# SPDX-License-Identifier: GPL-3.0-or-later
"""What schemes that train links share: early block error rates, results, the file."""

import numpy as np
from advphy_model.measure import ranges
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import LinkSetting

from advphy_training import loop, progress
from advphy_training.attacked_link import AttackedLink
from advphy_training.attacks import Plan, universal_fgm

EBN0_DB = 5.0  # where a good (7, 4) link fails once in some hundred blocks
PSR_DB = -6.0  # the usual setting of [gan, Sec. IV]
BLOCKS = 200_000  # a rate of 2e-3 then has 5 % of standard deviation
RULE = StopRule(min_errors=1000, max_blocks=20_000_000)  # of a point of results


class LinkScheme(loop.Scheme):
    """A scheme that makes LinkModels."""

    def early_figures(self, link):
        """Return the block error rates of a link now, clean and attacked.

        The attack is the quick one, universal FGM crafted against this very link: a
        lower bound of what an adversary reaches, good enough to compare moments of a
        training.
        """
        attacked = AttackedLink(link, EBN0_DB)
        p = universal_fgm.craft([attacked], Plan(PSR_DB, EBN0_DB, restarts=8))
        rates = attacked.errors(np.stack([0 * p, p]), BLOCKS, seed=2) / BLOCKS
        found = {"bler_clean": float(rates[0]), "bler_attacked": float(rates[1])}
        return found | {"ebn0_db": EBN0_DB, "psr_db": PSR_DB}

    def measured(self, link):
        """Return counts at Eb/N0 0..8 dB, by its own decision and nearest codeword."""
        table = {}
        for model in (link, link.with_nearest_codeword()):
            if model.decision not in table:
                ebn0s_db = progress.bar(range(9), unit="Eb/N0", desc="measuring")
                table[model.decision] = [_counted(model, float(db)) for db in ebn0s_db]
        return table

    def write(self, link, path):
        """Write the link model."""
        link.write(path)


def _counted(model, ebn0_db):
    (row,) = ranges.total(LinkSetting(model, ebn0_db), RULE)
    return {key: getattr(row, key) for key in ("ebn0_db", "blocks", "block_errors")}
