# SPDX-License-Identifier: GPL-3.0-or-later
"""Perturbations as they arrive if the adversary does not know, or varies, how."""

import itertools
import math

import numpy as np
import torch

_PHASES = 8  # over which the choice among candidates averages
_TURNS = (-0.5, -0.25, 0, 0.25, 0.5)  # of a block, likewise


def arrive(p, samples, plan, generator):
    """Return perturbations p [count, 2n] as they arrive, [count, samples or 1, 2n].

    Shift, phase, sign and frequency are drawn for each sample if they are "random" in
    the plan: as an Adversary draws them for each block.
    """
    arrived, n = p[:, None], p.shape[1] // 2
    uses = torch.arange(n)
    if plan.shift == "random":
        shift = torch.randint(n, (samples, 1), generator=generator)
        source = (uses - shift) % n
        arrived = p[:, torch.cat([source, source + n], dim=1)]
    if plan.sign == "random":
        sign = 2 * torch.randint(2, (samples, 1), generator=generator) - 1
        arrived = arrived * sign
    angle = torch.zeros(1, 1)
    if plan.phase == "random":
        angle = 2 * math.pi * torch.rand(samples, 1, generator=generator)
    if plan.frequency == "random":
        turns = torch.rand(samples, 1, generator=generator) - 0.5
        angle = angle + 2 * math.pi * turns * uses / n
    if "random" in (plan.phase, plan.frequency):
        real, imaginary = arrived.chunk(2, dim=2)
        cosine, sine = torch.cos(angle), torch.sin(angle)
        turned = cosine * real - sine * imaginary, sine * real + cosine * imaginary
        arrived = torch.cat(turned, dim=2)
    return arrived


def variants(rows, plan):
    """Yield rows [..., 2n] in all ways in which they may arrive."""
    n = rows.shape[-1] // 2
    both = rows[..., :n] + 1j * rows[..., n:]
    ways = itertools.product(
        range(n) if plan.shift == "random" else (0,),
        np.arange(_PHASES) / _PHASES if plan.phase == "random" else (0,),
        (0, 0.5) if plan.sign == "random" else (0,),
        _TURNS if plan.frequency == "random" else (0,),
    )
    for shift, phase, half, turns in ways:
        angle = 2 * math.pi * (phase + half + turns * np.arange(n) / n)
        p = np.roll(both, shift, axis=-1) * np.exp(1j * angle)
        yield np.concatenate([p.real, p.imag], axis=-1).astype(np.float32)
