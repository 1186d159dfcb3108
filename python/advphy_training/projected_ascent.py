# SPDX-License-Identifier: GPL-3.0-or-later
"""Perturbations of a set norm: projection, gradient steps, where to start."""

import math

import torch


def project(p, norm):
    """Return p [..., 2n] scaled to that norm."""
    tiny = torch.finfo(p.dtype).tiny
    return norm * p / p.norm(dim=-1, keepdim=True).clamp_min(tiny)


def step(p, gradient, length):
    """Return p moved along the gradient by `length` times its norm, and projected.

    A gradient that vanishes moves nothing.
    """
    norm = p.norm(dim=-1, keepdim=True)
    return project(p + length * norm * project(gradient, 1.0), norm)


def step_length(step, steps):
    """Return the length of a step, in units of ||p||: 0.3 falling to 0.01."""
    return 0.01 + 0.29 * (1 + math.cos(math.pi * step / steps)) / 2


def differences(codebook, most, generator):
    """Return differences of two codewords, all or `most` of them, [count, 2n]."""
    size = len(codebook)
    pairs = torch.tensor([(s, t) for s in range(size) for t in range(size) if s != t])
    chosen = pairs[torch.randperm(len(pairs), generator=generator)[:most]]
    return codebook[chosen[:, 1]] - codebook[chosen[:, 0]]
