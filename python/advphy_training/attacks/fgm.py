# SPDX-License-Identifier: GPL-3.0-or-later
"""Fast gradient method: one step along the gradient, per message [gan, eq. 2]."""

import torch

from advphy_training.projected_ascent import project

KIND = "table"
USES = ("seed",)
_NOISE_DRAWS = 256  # the gradient is averaged over the unknown noise


def craft(attacked, plan):
    """Return a row for each message, along the mean gradient of the cross-entropy."""
    generator = torch.Generator().manual_seed(plan.seed)
    codebook = attacked[0].codebook
    sent = torch.arange(len(codebook)).repeat_interleave(_NOISE_DRAWS)
    rows = torch.zeros_like(codebook)
    for link in attacked:
        noise = torch.randn(len(sent), codebook.shape[1], generator=generator)
        y = link.codebook[sent] + link.sigma * noise
        y.requires_grad_(True)
        loss = torch.nn.functional.cross_entropy(link.logits(y), sent, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, y)
        rows += gradient.reshape(len(codebook), _NOISE_DRAWS, -1).mean(dim=1)
    return project(rows, plan.norm(attacked[0].model.n)).numpy()
