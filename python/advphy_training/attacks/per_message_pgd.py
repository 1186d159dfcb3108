# SPDX-License-Identifier: GPL-3.0-or-later
"""Projected gradient ascent on one perturbation per message: an upper bound.

The adversary knows each message before it is sent, which is impossible over the air;
universal_pgd stays below this bound. The ascent maximizes the smooth block error rate.
"""

import numpy as np
import torch

from advphy_training import progress
from advphy_training.projected_ascent import ascend, project
from advphy_training.unknown_arrival import arrive, variants

KIND = "table"
_SAMPLES = 64  # noise draws per step, message and restart
_JUDGED = 100_000  # blocks to choose the best restart of each message


def most_restarts(messages):
    """Return the largest number of restarts, each towards another wrong message."""
    return min(15, messages - 1)


def craft(attacked, plan):
    """Return the best row for each message, reals [M, 2n]."""
    generator = torch.Generator().manual_seed(plan.seed)
    codebook = attacked[0].codebook
    starts = min(plan.restarts, most_restarts(len(codebook)))
    p = torch.stack([codebook.roll(-i, 0) - codebook for i in range(1, starts + 1)])
    p = project(p, plan.norm(codebook.shape[1] // 2))  # [starts, M, 2n]

    def gain(p):
        return sum(smooth_bler(link, p, plan, generator) for link in attacked)

    *_, p = progress.bar(ascend(p, gain, plan.steps), total=plan.steps)
    tables = p.numpy()
    ways = ((link, each) for link in attacked for each in variants(tables, plan))
    errors = sum(link.errors_by_message(v, _JUDGED, plan.seed) for link, v in ways)
    return tables[errors.argmax(axis=0), np.arange(len(codebook))]


def smooth_bler(link, p, plan, generator):
    """Return the smooth block error rate of each message under tables of rows.

    The tables p are [count, M, 2n], or [count, 1, 2n]: one row for all messages; the
    torch.Generator draws noise, shifts and phases.
    """
    size, dimension = link.codebook.shape
    noise = torch.randn(size, _SAMPLES, dimension, generator=generator)
    arrived = arrive(p.flatten(0, 1), _SAMPLES, plan, generator)
    arrived = arrived.unflatten(0, p.shape[:2])  # [count, M or 1, samples or 1, 2n]
    y = link.codebook[:, None] + link.sigma * noise + arrived
    return link.smooth_bler(y, torch.arange(size)[:, None])
