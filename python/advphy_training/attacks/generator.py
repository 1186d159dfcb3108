# SPDX-License-Identifier: GPL-3.0-or-later
"""A generator network trained against the frozen link, per message [gan, eq. 7].

G(x) of every codeword is the row for its message: once trained, the network is this
table, because it sees nothing but one of M codewords.
"""

import numpy as np
import torch

from advphy_training import progress
from advphy_training import projected_ascent as sphere
from advphy_training import shift_and_phase as arrivals
from advphy_training.schemes.gan_defence import Generator
from advphy_training.smoothing import smooth_bler

KIND = "table"
_SAMPLES = 64  # noise draws in a step, for each message
_STEPS = 10  # of Adam for each step of the plan: weights move more slowly than p
_LEARNING_RATE = 1e-3
_JUDGED = 100_000  # blocks that tell the best of the restarts
_MOST_RESTARTS = 3  # each is a network


def craft(victims, plan):
    """Return the row for each message, reals [M, 2n]."""
    return train(victims, plan, lambda rows: rows)


def train(victims, plan, pool):
    """Return pool(G(x)) of the best of some trained generators.

    Args:
        victims: Victims, frozen.
        plan: attacks.Plan.
        pool: function from [M, 2n] to [M or 1, 2n] in between.
    """
    norm = plan.norm(victims[0].model.n)
    found = []
    for restart in range(min(plan.restarts, _MOST_RESTARTS)):
        generator = torch.Generator().manual_seed(plan.seed + restart)
        network = Generator(
            "mlp", victims[0].model.n, np.random.default_rng((plan.seed, restart))
        )
        adam = torch.optim.Adam(network.parameters(), lr=_LEARNING_RATE)
        for _ in progress.bar(range(_STEPS * plan.steps), desc=f"{restart + 1}"):
            rows = sphere.project(pool(network(victims[0].codebook)), norm)
            gain = sum(_gain(victim, rows, plan, generator) for victim in victims)
            adam.zero_grad()
            (-gain).backward()
            adam.step()
        with torch.no_grad():
            rows = sphere.project(pool(network(victims[0].codebook)), norm)
        found.append(rows.numpy())
    return found[_worst(victims, plan, np.stack(found))]


def _gain(victim, rows, plan, generator):
    """Return the smooth block error rate under these rows."""
    size, dimension = victim.codebook.shape
    noise = torch.randn(size, _SAMPLES, dimension, generator=generator)
    p = arrivals.arrive(rows, _SAMPLES, plan, generator)
    y = victim.codebook[:, None] + victim.sigma * noise + p
    sent = torch.arange(size).repeat_interleave(_SAMPLES)
    margin = victim.margin(y.reshape(-1, dimension), sent)
    return smooth_bler(margin.reshape(size, _SAMPLES)).mean()


def _worst(victims, plan, tables):
    """Return which of the tables makes most errors."""
    errors = np.zeros(len(tables))
    for victim in victims:
        for variant in arrivals.variants(tables, plan):
            errors += victim.errors(variant, _JUDGED, plan.seed)
    return int(errors.argmax())
