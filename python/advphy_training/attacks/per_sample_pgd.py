# SPDX-License-Identifier: GPL-3.0-or-later
"""Projected gradient ascent for every received vector, with its noise known.

No physical adversary can do this. It shows how far each received vector is from a wrong
decision. There is no perturbation to store, so the attack counts the errors itself.
"""

import numpy as np
import torch
from advphy_model import randomness
from advphy_model.complex_baseband import to_complex, to_reals

from advphy_training import progress
from advphy_training.projected_ascent import ascend, project

KIND = None
_BATCH = 4096
_MOST_RESTARTS = 15


def count(link, plan, blocks):
    """Return (errors, blocks); a block is wrong if any restart makes it wrong."""
    errors = 0
    for first in progress.bar(range(0, blocks, _BATCH), unit="batch"):
        size = min(_BATCH, blocks - first)
        sent = randomness.messages(plan.seed, first, size, link.model.k)
        noise = randomness.noise(plan.seed, first, size, link.model.n)
        errors += int(_wrong(link, plan, sent, noise).sum())
    return errors, blocks


def _wrong(link, plan, sent, noise):
    """Return whether some perturbation makes each block wrong, bools [blocks]."""
    message = torch.tensor(sent.astype(np.int64))
    y = link.codebook[message] + link.sigma * torch.tensor(to_reals(noise))
    wrong = np.zeros(len(sent), bool)
    starts = min(plan.restarts, _MOST_RESTARTS, len(link.codebook) - 1)
    for start in range(1, starts + 1):
        left = np.flatnonzero(~wrong)  # only these can change the count
        if len(left):
            wrong[left] = _pushed(link, plan, y[left], message[left], start)
    return wrong


def _pushed(link, plan, y, message, start):
    """Return whether a push towards message + start makes each block wrong."""
    sent, size = message.numpy(), len(link.codebook)
    other = link.codebook[(message + start) % size]
    p = project(other - link.codebook[message], plan.norm(link.model.n))
    wrong = _fails(link, y + p, sent)
    for p in ascend(p, lambda p: link.margin(y + p, message), plan.steps):
        wrong |= _fails(link, y + p, sent)
    return wrong


def _fails(link, y, sent):
    decided, erased = link.decide(to_complex(y.numpy()))
    return (decided != sent) | erased
