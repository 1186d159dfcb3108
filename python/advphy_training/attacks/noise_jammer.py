# SPDX-License-Identifier: GPL-3.0-or-later
"""Gaussian noise of equal power: the reference that any attack must beat."""

import numpy as np

KIND = "jammer"
USES = ()


def craft(attacked, plan):
    """Return the root mean square of each channel use, reals [1, 2n]."""
    n = attacked[0].model.n
    level = plan.norm(n) / np.sqrt(n)
    return np.concatenate([np.full(n, level), np.zeros(n)])[None]
