# SPDX-License-Identifier: GPL-3.0-or-later
"""Projected gradient ascent on one perturbation for all messages, with restarts.

What climbs is the smooth block error rate (smoothing.py), the mean over messages,
noise, and the shift and phase that the adversary does not know. Starts: the best of the
codebook's differences (what a minimum-distance decoder fears most) and of random
directions, and random directions.
"""

import math

import numpy as np
import torch

from advphy_training import arrivals, sphere
from advphy_training.smoothing import smooth_bler

KIND = "universal"
_SAMPLES = 1024  # messages and noise in a step, the same for every restart
_SCREENED, _JUDGED, _CONFIRMED = 4096, 30_000, 400_000  # blocks
_EARLY = 1 / 3  # of the steps, after which a quarter of the restarts goes on


def craft(victims, plan):
    """Return the best of `restarts` perturbations, reals [1, 2n]."""
    return candidates(victims, plan)[0][0]


def candidates(victims, plan):
    """Return the restarts that went on, best first, [count, 1, 2n], and their BLER."""
    generator = torch.Generator().manual_seed(plan.seed)
    p = _starts(victims, plan, generator)
    early = math.ceil(plan.steps * _EARLY)
    for step in range(plan.steps):
        p = p.detach().requires_grad_(True)
        gain = sum(_smooth_bler(victim, p, plan, generator) for victim in victims)
        (gradient,) = torch.autograd.grad(gain.sum(), p)
        p = sphere.step(p, gradient, sphere.step_length(step, plan.steps)).detach()
        if step + 1 == early:
            kept = max(4, plan.restarts // 4)
            p = torch.tensor(_best(victims, plan, p[:, None], _JUDGED, kept)[0][:, 0])
    rows, _ = _best(victims, plan, p[:, None], _JUDGED, max(2, plan.restarts // 8))
    return _best(victims, plan, rows, _CONFIRMED, len(rows))


def _starts(victims, plan, generator):
    """Return directions of norm ||p||, [restarts, 2n]."""
    dimension = victims[0].codebook.shape[1]
    norm = plan.norm(dimension // 2)
    random = torch.randn(4 * plan.restarts, dimension, generator=generator)
    informed = [sphere.differences(v.codebook, 256, generator) for v in victims]
    starts = sphere.project(torch.cat([random, *informed]), norm)
    rows = starts[:, None].numpy()
    kept = plan.restarts - plan.restarts // 2
    best = _best(victims, plan, rows, _SCREENED, kept)[0][:, 0]
    return torch.cat([torch.tensor(best), starts[: plan.restarts // 2]])


def _smooth_bler(victim, p, plan, generator):
    """Return the smoothed block error rate of each perturbation, [count]."""
    count, dimension = p.shape
    sent = torch.arange(_SAMPLES) % len(victim.codebook)
    noise = torch.randn(_SAMPLES, dimension, generator=generator)
    arrived = arrivals.arrive(p, _SAMPLES, plan, generator)
    y = (victim.codebook[sent] + victim.sigma * noise) + arrived
    margin = victim.margin(y.reshape(-1, dimension), sent.repeat(count))
    return smooth_bler(margin.reshape(count, _SAMPLES))


def _best(victims, plan, rows, blocks, count):
    """Return the `count` rows with the highest BLER, best first, and their BLER."""
    rows, bler, judged = np.asarray(rows), np.zeros(len(rows)), 0
    for victim in victims:
        for variant in arrivals.variants(rows, plan):
            bler += victim.errors(variant, blocks, plan.seed) / blocks
            judged += 1
    order = np.argsort(-bler, kind="stable")[:count]
    return rows[order], bler[order] / judged
