# SPDX-License-Identifier: GPL-3.0-or-later
"""Projected gradient ascent for every received vector, with its noise known.

Beyond any physical adversary: it shows how far each received vector lies from a wrong
decision. There is no perturbation to store, so errors are counted at once.
"""

import numpy as np
import torch
from advphy_model import randomness
from advphy_model.complex_baseband import to_complex

from advphy_training import progress
from advphy_training import projected_ascent as sphere

KIND = None
_BATCH = 4096
_MOST_RESTARTS = 15


def count(victim, plan, blocks):
    """Return (errors, blocks): a block counts if any restart makes it wrong."""
    errors = 0
    for first in progress.bar(range(0, blocks, _BATCH), unit="batch"):
        size = min(_BATCH, blocks - first)
        sent = randomness.messages(plan.seed, first, size, victim.model.k)
        noise = randomness.noise(plan.seed, first, size, victim.model.n)
        errors += int(_wrong(victim, plan, sent, noise).sum())
    return errors, blocks


def _wrong(victim, plan, sent, noise):
    """Return which blocks some perturbation makes wrong, bools [blocks]."""
    norm = plan.norm(victim.model.n)
    reals = torch.tensor(np.concatenate([noise.real, noise.imag], axis=1))
    message = torch.tensor(sent.astype(np.int64))
    y = victim.codebook[message] + victim.sigma * reals
    wrong = np.zeros(len(sent), bool)
    size = len(victim.codebook)
    for start in range(1, min(plan.restarts, _MOST_RESTARTS, size - 1) + 1):
        other = victim.codebook[(message + start) % size]
        p = sphere.project(other - victim.codebook[message], norm)
        for step in range(plan.steps):
            wrong |= _fails(victim, y + p, sent)
            p = p.detach().requires_grad_(True)
            gain = victim.margin(y + p, message).sum()
            (gradient,) = torch.autograd.grad(gain, p)
            p = sphere.step(p, gradient, sphere.step_length(step, plan.steps))
            p = p.detach()
        wrong |= _fails(victim, y + p, sent)
    return wrong


def _fails(victim, y, sent):
    decided, erased = victim.decide(to_complex(y.numpy()))
    return (decided != sent) | erased
