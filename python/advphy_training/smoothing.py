# SPDX-License-Identifier: GPL-3.0-or-later
"""The block error rate made smooth, so that attacks have a gradient to follow."""

import torch

_WIDTH = 0.3  # of the sigmoid, in standard deviations of the margin


def smooth_bler(margin):
    """Return the mean over the last axis of sigmoid(margin / width).

    A block counts 1 where the best wrong logit lies far above the right one. The width
    is a share of the margins' own spread over that axis, so that logits which are
    scaled or saturated hide nothing.

    Args:
        margin: Victim.margin of the blocks, [..., blocks].
    """
    width = _WIDTH * margin.detach().std(dim=-1, keepdim=True)
    return torch.sigmoid(margin / width.clamp_min(1e-12)).mean(dim=-1)
