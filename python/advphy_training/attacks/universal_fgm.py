# SPDX-License-Identifier: GPL-3.0-or-later
"""Input-agnostic fast gradient method [sadeghi, Alg. 1], best of the restarts.

Ten received vectors are used in turn, unless p already makes the decision wrong. Each
message gives a direction that lowers its cross-entropy. The shortest step to a wrong
decision along any of them, found by bisection, is added to p, and p is scaled down to
its norm if it is longer. The BLER of one run varies by a factor of four with its seed,
so the best of several runs is kept; the published attack has restarts = 1.
"""

import numpy as np
import torch

from advphy_training import progress
from advphy_training.projected_ascent import project

KIND = "universal"
USES = ("restarts", "seed")
_SAMPLES = 10
_BISECTIONS = 20  # for a precision of ||y|| / 10^6
_JUDGED = 50_000  # blocks to choose the best restart


def craft(attacked, plan, seed=None):
    """Return the best of `restarts` runs, divided among the links, reals [1, 2n]."""
    seed = plan.seed if seed is None else seed  # of which torch uses 32 bits
    generator = torch.Generator().manual_seed(seed)
    norm = plan.norm(attacked[0].model.n)
    found = []
    for i, link in enumerate(attacked):
        runs = len(range(i, plan.restarts, len(attacked)))
        found.append(_run(link, norm, max(1, runs), generator))
    candidates = torch.cat(found)[:, None].numpy()
    errors = sum(link.errors(candidates, _JUDGED, seed) for link in attacked)
    return candidates[np.argmax(errors)]


def _run(link, norm, runs, generator):
    """Return the perturbations of several runs at once, [runs, 2n]."""
    size, dimension = link.codebook.shape
    p = torch.zeros(runs, dimension)
    for _ in progress.bar(range(_SAMPLES)):
        sent = torch.randint(size, (runs,), generator=generator)
        noise = torch.randn(runs, dimension, generator=generator)
        y = link.codebook[sent] + link.sigma * noise + p
        right = link.logits(y).argmax(dim=1) == sent
        p = p + torch.where(right[:, None], _shortest_step(link, y, sent), 0.0)
        p = p * (norm / p.norm(dim=1, keepdim=True).clamp_min(norm))
    lost = ~p.any(dim=1, keepdim=True)  # no decision was right: a random direction
    p = torch.where(lost, torch.randn(p.shape, generator=generator), p)
    return project(p, norm)


def _shortest_step(link, y, sent):
    """Return the shortest step along a gradient that makes each decision wrong."""
    size, runs = len(link.codebook), len(y)
    messages = torch.arange(size).repeat(runs)
    many = y.repeat_interleave(size, dim=0).requires_grad_(True)
    logits = link.logits(many)
    loss = torch.nn.functional.cross_entropy(logits, messages, reduction="sum")
    (gradient,) = torch.autograd.grad(loss, many)
    direction = -project(gradient, 1.0)
    many, right = many.detach(), sent.repeat_interleave(size)
    low, high = torch.zeros(len(many), 1), many.norm(dim=1, keepdim=True)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        holds = link.logits(many + middle * direction).argmax(dim=1) == right
        low = torch.where(holds[:, None], middle, low)
        high = torch.where(holds[:, None], high, middle)
    best = high.reshape(runs, size).argmin(dim=1)
    steps = (high * direction).reshape(runs, size, -1)
    return steps[torch.arange(runs), best]
