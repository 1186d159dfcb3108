# SPDX-License-Identifier: GPL-3.0-or-later
"""Uncoded BPSK with k = 4 bits over n = 4 channel uses, one bit per use."""

import math

from advphy_model.link.baselines.nearest_codeword import q_function, words
from advphy_model.link.link_model import LinkModel
from advphy_model.power import noise_sigma

K = 4


def bpsk():
    """Return the link that sends each of four bits as +1 (bit 0) or -1 (bit 1)."""
    return LinkModel("bpsk", K, K, 1 - 2 * words(K), "hard_decision")


def bpsk_bler(ebn0_db: float) -> float:
    """Return the exact BLER 1 - (1 - Q(sqrt(2 Eb/N0)))^4."""
    q = q_function(1 / noise_sigma(ebn0_db, 1.0))
    return -math.expm1(K * math.log1p(-q))  # without cancellation


LINKS = {"bpsk": bpsk}
BLER = {"bpsk": ("closed form", bpsk_bler)}
