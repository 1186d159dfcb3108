# SPDX-License-Identifier: GPL-3.0-or-later
"""A generator network trained against the frozen link, per message [gan, eq. 7].

G(x) of every codeword is the row for its message. The trained network is equivalent to
this table, because its only inputs are the M codewords.
"""

import numpy as np
import torch

from advphy_training import loop
from advphy_training.attacks.per_message_pgd import smooth_bler
from advphy_training.networks import Generator
from advphy_training.projected_ascent import project
from advphy_training.unknown_arrival import variants

KIND = "table"
_STEPS = 10  # of Adam per step of the plan: weights converge more slowly than p
_LEARNING_RATE = 1e-3
_JUDGED = 100_000  # blocks to choose the best restart


def most_restarts(messages):
    """Return the largest number of restarts, each of which trains a network."""
    return 3


def craft(attacked, plan):
    """Return the row for each message, reals [M, 2n]."""
    return train(attacked, plan, lambda rows: rows)


def train(attacked, plan, pool):
    """Train several generators and return pool(G(x)) of the best, [M or 1, 2n]."""
    starts = range(min(plan.restarts, most_restarts(len(attacked[0].codebook))))
    found = np.stack([_trained(attacked, plan, pool, start) for start in starts])
    ways = ((link, each) for link in attacked for each in variants(found, plan))
    errors = sum(link.errors(each, _JUDGED, plan.seed) for link, each in ways)
    return found[errors.argmax()]


def _trained(attacked, plan, pool, restart):
    n, norm = attacked[0].model.n, plan.norm(attacked[0].model.n)
    generator = torch.Generator().manual_seed(plan.seed + restart)
    network = Generator("mlp", n, np.random.default_rng((plan.seed, restart)))

    def rows():
        return project(pool(network(attacked[0].codebook)), norm)

    def gradients(step):
        p = rows()[None]
        blers = [smooth_bler(link, p, plan, generator).mean() for link in attacked]
        return loop.backward(-sum(blers))

    adam = torch.optim.Adam(network.parameters(), lr=_LEARNING_RATE)
    loop.descend(adam, gradients, _STEPS * plan.steps, label=f"{restart + 1}")
    with torch.no_grad():
        return rows().numpy()
