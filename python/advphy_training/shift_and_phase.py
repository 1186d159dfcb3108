# SPDX-License-Identifier: GPL-3.0-or-later
"""Perturbations as they arrive if the adversary does not know time or phase."""

import math

import numpy as np
import torch

_PHASES = 8  # over which the choice among candidates averages


def arrive(p, samples, plan, generator):
    """Return perturbations p [count, 2n] as they arrive, [count, samples or 1, 2n].

    Shift and phase are drawn for each sample if they are "random" in the plan.
    """
    arrived = p[:, None]
    if plan.shift == "random":
        n = p.shape[1] // 2
        uses = torch.arange(n)
        shift = torch.randint(n, (samples, 1), generator=generator)
        source = (uses - shift) % n
        arrived = p[:, torch.cat([source, source + n], dim=1)]
    if plan.phase == "random":
        phase = 2 * math.pi * torch.rand(samples, 1, generator=generator)
        real, imaginary = arrived.chunk(2, dim=2)
        cosine, sine = torch.cos(phase), torch.sin(phase)
        arrived = torch.cat(
            [cosine * real - sine * imaginary, sine * real + cosine * imaginary], dim=2
        )
    return arrived


def variants(rows, plan):
    """Yield rows [..., 2n] under all shifts and under phases around the circle."""
    n = rows.shape[-1] // 2
    both = rows[..., :n] + 1j * rows[..., n:]
    for shift in range(n) if plan.shift == "random" else (0,):
        for turn in range(_PHASES) if plan.phase == "random" else (0,):
            p = np.roll(both, shift, axis=-1) * np.exp(2j * math.pi * turn / _PHASES)
            yield np.concatenate([p.real, p.imag], axis=-1).astype(np.float32)
