# SPDX-License-Identifier: GPL-3.0-or-later
"""Base class of schemes that train links: early error rates, results, model file."""

import numpy as np
from advphy_model.measure import ranges
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import LinkSetting

from advphy_training import loop, progress
from advphy_training.attacked_link import AttackedLink
from advphy_training.attacks import Plan, universal_fgm

EBN0_DB = 5.0  # a good (7, 4) link has a BLER of about 2e-3 here
PSR_DB = -6.0  # of the code of [sadeghi] and of the authors of [gan]
BLOCKS = 200_000  # then a BLER of 2e-3 has a standard deviation of 5 %
RULE = StopRule(min_errors=1000, max_blocks=20_000_000)  # of each result


class LinkScheme(loop.Scheme):
    """A scheme that trains a LinkModel."""

    def early_figures(self, link):
        """Return the current block error rates of a link, clean and attacked.

        The attack is universal FGM against this link: it is fast, and its error rate is
        a lower bound that is good enough to compare stages of a training.
        """
        attacked = AttackedLink(link, EBN0_DB)
        p = universal_fgm.craft([attacked], Plan(PSR_DB, EBN0_DB, restarts=8))
        rates = attacked.errors(np.stack([0 * p, p]), BLOCKS, seed=2) / BLOCKS
        found = {"bler_clean": float(rates[0]), "bler_attacked": float(rates[1])}
        return found | {"ebn0_db": EBN0_DB, "psr_db": PSR_DB}

    def measured(self, link):
        """Return counts at Eb/N0 0..8 dB, of its own decision and nearest codeword."""
        table = {}
        for model in (link, link.with_nearest_codeword()):
            if model.decision not in table:
                rows = table[model.decision] = []
                for db in progress.bar(range(9), unit="Eb/N0", desc="measuring"):
                    (row,) = ranges.total(LinkSetting(model, float(db)), RULE)
                    names = ("ebn0_db", "blocks", "block_errors")
                    rows.append({name: getattr(row, name) for name in names})
        return table
