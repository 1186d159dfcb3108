# SPDX-License-Identifier: GPL-3.0-or-later
"""Send codewords through the impairments of a channel while training, with gradients.

Impairments are drawn as everywhere else, by seed and index of the block, and applied to
torch's tensors. What is linear (CFO, phase noise, fading, two rays, timing, clock, IQ
imbalance) and clipping have their exact gradients; quantization is straight-through.
"""

import torch
from advphy_model.air.channels import impairments

_INDICES = 2**40  # of the first block of a batch: each batch meets others


class Augmentation:
    """The impairments of a channel; the noise is not among them.

    Args:
        kind: the channel (air/channels); "awgn" changes nothing and draws nothing.

    Raises:
        ValueError: when there is no such channel.
    """

    def __init__(self, kind: str):
        self._parts = impairments(kind)

    def impair(self, x, generator):
        """Return what becomes of a batch of codewords, float32 [batch, 2n].

        Args:
            x: the real parts, then the imaginary parts.
            generator: torch.Generator that seed and first index are drawn with.
        """
        if not self._parts:
            return x
        seed, first = torch.randint(_INDICES, (2,), generator=generator).tolist()
        n = x.shape[1] // 2
        y = torch.complex(x[:, :n], x[:, n:])
        for part in self._parts:
            y = part.impair(y, seed=seed, first_sample=first * n)
        return torch.cat([y.real, y.imag], dim=1)
