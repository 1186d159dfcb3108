# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels, one file each, found by file name; channel_kind.py says how they chain.

awgn is the noise, always there and always last. Each other file is an impairment, with

- Settings: a frozen dataclass of numbers with defaults, which refuses what is out of
  range;
- impair(x, settings, *, seed, stream, first_sample): what becomes of samples x, complex
  [blocks, n] in numpy or torch, a pure function of (seed, index of the sample);
  `stream` is the number of its stream of random numbers;
- Stream, where it reaches beyond one sample: the same over samples without blocks, by
  process(x) (sample_channel.py).
"""

import sys

from advphy_model import found_by_name


def names() -> list:
    """Return the names of the channels there are."""
    return found_by_name.names(sys.modules[__name__])


def channel(kind: str):
    """Return the apply function of a channel.

    apply(x, y, *, seed, first_block, noise_variance, p=None) reads codewords x,
    complex64 [blocks, n], and writes received vectors to y, which may be x; the noise
    variance is per real dimension (power.py). A perturbation p, complex64 [blocks, n],
    is added last of all: y = (x impaired + noise) + p. The index of a channel use is
    first_block n + its place, so what goes on, such as a CFO, goes on across blocks.

    Args:
        kind: such as "awgn" or "rayleigh_block + cfo(frequency=0.01)".

    Raises:
        ValueError: saying what is not known or out of range, and what there is.
    """
    from advphy_model.channel_kind import NOISE, impairments

    add_noise = found_by_name.module(sys.modules[__name__], "channel", NOISE).apply
    parts = impairments(kind)
    if not parts:
        return add_noise

    def apply(x, y, *, seed, first_block, noise_variance, p=None):
        impaired = x
        for part in parts:
            if len(x):
                first = first_block * x.shape[1]
                impaired = part.impair(impaired, seed=seed, first_sample=first)
        add_noise(
            impaired, y, seed=seed, first_block=first_block,
            noise_variance=noise_variance, p=p)  # fmt: skip

    return apply
