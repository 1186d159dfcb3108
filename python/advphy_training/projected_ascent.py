# SPDX-License-Identifier: GPL-3.0-or-later
"""Projected gradient ascent on perturbations of a fixed norm."""

import math

import torch


def project(p, norm):
    """Return p [..., 2n] scaled to a norm."""
    tiny = torch.finfo(p.dtype).tiny
    return norm * p / p.norm(dim=-1, keepdim=True).clamp_min(tiny)


def step(p, gradient, length):
    """Return p after a step of `length` norms along a gradient; a zero one keeps p."""
    norm = p.norm(dim=-1, keepdim=True)
    return project(p + length * norm * project(gradient, 1.0), norm)


def ascend(p, gain, steps, first=0, last=None):
    """Yield p after each step along the gradient of a gain; its norm is kept.

    The length of a step falls from 0.3 to 0.01 of the norm along a cosine. The sum of
    gain(p) is maximized, p [..., 2n], from the step `first` until before `last` (None:
    the end) of an ascent of `steps`.
    """
    for i in range(first, steps if last is None else last):
        p = p.detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(gain(p).sum(), p)
        length = 0.01 + 0.29 * (1 + math.cos(math.pi * i / steps)) / 2
        p = step(p, gradient, length).detach()
        yield p
