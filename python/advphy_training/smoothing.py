# SPDX-License-Identifier: GPL-3.0-or-later
"""The block error rate made smooth, so that attacks have a gradient to follow."""

import torch


def smooth_bler(margin, width=0.3):
    """Return the mean over the last axis of sigmoid(margin / width).

    A block counts 1 where the best wrong logit lies far above the right one. The width
    is a share of the margins' own spread over that axis, so that logits which are
    scaled or saturated hide nothing.

    Args:
        margin: Victim.margin of the blocks, [..., blocks].
        width: of the sigmoid, in standard deviations of the margin. A wide one guides
            from far, a narrow one is closer to the rate itself.
    """
    spread = width * margin.detach().std(dim=-1, keepdim=True)
    return torch.sigmoid(margin / spread.clamp_min(1e-12)).mean(dim=-1)
