# SPDX-License-Identifier: GPL-3.0-or-later
"""Projected gradient ascent on one perturbation per message: the upper bound.

The adversary knows each message before it is sent, which no one has over the air; what
universal_pgd reaches lies below. What climbs is the smooth block error rate
(smoothing.py).
"""

import numpy as np
import torch

from advphy_training import progress
from advphy_training import projected_ascent as sphere
from advphy_training import shift_and_phase as arrivals
from advphy_training.smoothing import smooth_bler

KIND = "table"
_SAMPLES = 64  # noise draws in a step, for each message and restart
_JUDGED = 100_000  # blocks that tell the best restart of each message
_MOST_RESTARTS = 15  # each is a wrong message to push towards


def craft(victims, plan):
    """Return the best row for each message, reals [M, 2n]."""
    generator = torch.Generator().manual_seed(plan.seed)
    codebook = victims[0].codebook
    starts = min(plan.restarts, _MOST_RESTARTS, len(codebook) - 1)
    p = torch.stack([codebook.roll(-i, 0) - codebook for i in range(1, starts + 1)])
    p = sphere.project(p, plan.norm(codebook.shape[1] // 2))  # [starts, M, 2n]
    for step in progress.bar(range(plan.steps)):
        p = p.detach().requires_grad_(True)
        gain = sum(_smooth_bler(victim, p, plan, generator) for victim in victims)
        (gradient,) = torch.autograd.grad(gain.sum(), p)
        p = sphere.step(p, gradient, sphere.step_length(step, plan.steps))
    return _best(victims, plan, p.detach().numpy())


def _smooth_bler(victim, p, plan, generator):
    starts, size, dimension = p.shape
    sent = torch.arange(size).repeat_interleave(_SAMPLES)
    noise = torch.randn(len(sent), dimension, generator=generator)
    arrived = arrivals.arrive(p.reshape(-1, dimension), _SAMPLES, plan, generator)
    arrived = arrived.expand(-1, _SAMPLES, -1).reshape(starts, len(sent), dimension)
    y = (victim.codebook[sent] + victim.sigma * noise) + arrived
    margin = victim.margin(y.reshape(-1, dimension), sent.repeat(starts))
    return smooth_bler(margin.reshape(starts * size, _SAMPLES))


def _best(victims, plan, tables):
    """Return for each message the row of the table that makes most errors."""
    errors = np.zeros(tables.shape[:2])
    for victim in victims:
        for variant in arrivals.variants(tables, plan):
            errors += victim.errors_by_message(variant, _JUDGED, plan.seed)
    return tables[errors.argmax(axis=0), np.arange(tables.shape[1])]
