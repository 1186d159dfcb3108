# SPDX-License-Identifier: GPL-3.0-or-later
"""A generator network whose mean over the messages is one universal perturbation."""

from advphy_training.attacks import generator

KIND = "universal"
most_restarts = generator.most_restarts


def craft(attacked, plan):
    """Return the mean of G(x) over the codebook, reals [1, 2n]."""
    return generator.train(attacked, plan, lambda rows: rows.mean(dim=0, keepdim=True))
