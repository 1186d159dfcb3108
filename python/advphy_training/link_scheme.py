# SPDX-License-Identifier: GPL-3.0-or-later
"""What schemes that train links share: early block error rates, results, the file."""

import numpy as np
from advphy_model.measure import ranges
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import LinkSetting

from advphy_training import progress
from advphy_training.attacks import Plan, universal_fgm
from advphy_training.victim import Victim

EBN0_DB = 5.0  # where a good (7, 4) link fails once in some hundred blocks
PSR_DB = -6.0  # the usual setting of [gan, Sec. IV]
BLOCKS = 200_000  # a rate of 2e-3 then has 5 % of standard deviation


class LinkScheme:
    """Early figures, results and file of a scheme that makes LinkModels."""

    def early_figures(self, link):
        """Return block error rates, clean and attacked."""
        return early(link)

    def measured(self, link):
        """Return counts over Eb/N0."""
        return measured(link)

    def write(self, link, path):
        """Write the link model."""
        link.write(path)


def early(model) -> dict:
    """Return the figures of a link now, clean and attacked.

    The attack is the quick one, universal FGM crafted against this very link: a lower
    bound of what an adversary reaches, good enough to compare moments of a training.
    """
    victim = Victim(model, EBN0_DB)
    p = universal_fgm.craft([victim], Plan(PSR_DB, EBN0_DB, restarts=8))
    clean, attacked = victim.errors(np.stack([0 * p, p]), BLOCKS, seed=2) / BLOCKS
    return {
        "bler_clean": float(clean),
        "bler_attacked": float(attacked),
        "ebn0_db": EBN0_DB,
        "psr_db": PSR_DB,
    }


def measured(model) -> dict:
    """Return counts at Eb/N0 0..8 dB, by its own decision and the nearest codeword."""
    table = {}
    for link in (model, model.with_nearest_codeword()):
        if link.decision in table:
            continue
        table[link.decision] = [
            dict(
                zip(
                    ("ebn0_db", "blocks", "block_errors"),
                    (float(ebn0_db), *_count(link, ebn0_db, 20_000_000)),
                    strict=True,
                )
            )
            for ebn0_db in progress.bar(range(9), unit="Eb/N0", desc="measuring")
        ]
    return table


def _count(model, ebn0_db, max_blocks):
    rule = StopRule(min_errors=1000, max_blocks=max_blocks)
    (row,) = ranges.total(LinkSetting(model, ebn0_db), rule)
    return row.blocks, row.block_errors
