# SPDX-License-Identifier: GPL-3.0-or-later
"""Input-agnostic fast gradient method [sadeghi, Alg. 1], best of the restarts.

For each of ten received vectors that are still decided rightly: among the directions
that lower the cross-entropy of one message each, take the one that needs the shortest
step to a wrong decision (found by bisection), add that step to p, and shorten p to its
norm when it is longer. One run varies fourfold with its seed, so the best of several
is kept: the published attack is restarts = 1.
"""

import numpy as np
import torch

from advphy_training import progress
from advphy_training import projected_ascent as sphere

KIND = "universal"
_SAMPLES = 10
_BISECTIONS = 20  # to a millionth of ||y||
_JUDGED = 50_000  # blocks that tell the best restart


def craft(victims, plan):
    """Return the best of `restarts` runs, shared among the victims, reals [1, 2n]."""
    generator = torch.Generator().manual_seed(plan.seed)
    norm = plan.norm(victims[0].model.n)
    found = []
    for i, victim in enumerate(victims):
        runs = len(range(i, plan.restarts, len(victims)))
        found.append(_run(victim, norm, max(1, runs), generator))
    candidates = torch.cat(found)[:, None].numpy()
    errors = sum(victim.errors(candidates, _JUDGED, plan.seed) for victim in victims)
    return candidates[np.argmax(errors)]


def _run(victim, norm, runs, generator):
    """Return the perturbations of several runs at once, [runs, 2n]."""
    size, dimension = victim.codebook.shape
    p = torch.zeros(runs, dimension)
    for _ in progress.bar(range(_SAMPLES)):
        sent = torch.randint(size, (runs,), generator=generator)
        noise = torch.randn(runs, dimension, generator=generator)
        y = victim.codebook[sent] + victim.sigma * noise + p
        right = victim.logits(y).argmax(dim=1) == sent
        p = p + torch.where(right[:, None], _shortest_step(victim, y, sent), 0.0)
        p = p * (norm / p.norm(dim=1, keepdim=True).clamp_min(norm))
    lost = ~p.any(dim=1, keepdim=True)  # no sample was decided rightly: any direction
    p = torch.where(lost, torch.randn(p.shape, generator=generator), p)
    return sphere.project(p, norm)


def _shortest_step(victim, y, sent):
    """Return the shortest step along a gradient that makes each decision wrong."""
    size, runs = len(victim.codebook), len(y)
    messages = torch.arange(size).repeat(runs)
    many = y.repeat_interleave(size, dim=0).requires_grad_(True)
    loss = torch.nn.functional.cross_entropy(
        victim.logits(many), messages, reduction="sum"
    )
    (gradient,) = torch.autograd.grad(loss, many)
    direction = -sphere.project(gradient, 1.0)
    many, right = many.detach(), sent.repeat_interleave(size)
    low = torch.zeros(len(many), 1)
    high = many.norm(dim=1, keepdim=True)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        holds = victim.logits(many + middle * direction).argmax(dim=1) == right
        low = torch.where(holds[:, None], middle, low)
        high = torch.where(holds[:, None], high, middle)
    best = high.reshape(runs, size).argmin(dim=1)
    steps = (high * direction).reshape(runs, size, -1)
    return steps[torch.arange(runs), best]
