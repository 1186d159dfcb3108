# SPDX-License-Identifier: GPL-3.0-or-later
"""Differentiable impairments of a channel, applied to codewords during training.

As in measurements, impairments are functions of seed and block index. Linear ones (CFO,
phase noise, fading, two rays, timing, clock, IQ imbalance) and clipping have exact
gradients; that of quantization is straight-through.
"""

import torch
from advphy_model.air.channels import impairments

_INDICES = 2**40  # range of seed and first block, which are drawn for each batch


class Augmentation:
    """The impairments of a channel of air/channels, without its noise; "awgn": none."""

    def __init__(self, kind: str):
        self._parts = impairments(kind)

    def impair(self, x, generator):
        """Return codewords x after the impairments, float32 [batch, 2n].

        The real parts precede the imaginary parts; the torch.Generator draws the seed
        and the first block.
        """
        if not self._parts:
            return x
        seed, first = torch.randint(_INDICES, (2,), generator=generator).tolist()
        n = x.shape[1] // 2
        y = torch.complex(x[:, :n], x[:, n:])
        for part in self._parts:
            y = part.impair(y, seed=seed, first_sample=first * n)
        return torch.cat([y.real, y.imag], dim=1)
