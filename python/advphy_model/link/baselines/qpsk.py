# SPDX-License-Identifier: GPL-3.0-or-later
"""Gray-coded QPSK with k = 2 bits in n = 1 channel use."""

import math

from advphy_model.link.baselines.nearest_codeword import q_function, words
from advphy_model.link.link_model import LinkModel
from advphy_model.power import noise_sigma


def qpsk():
    """Return the link with the first bit in the real, the second in the imaginary part.

    A bit 0 is sent as +sqrt(1/2), a bit 1 as -sqrt(1/2).
    """
    symbols = (1 - 2 * words(2)) @ [1, 1j] / math.sqrt(2)
    return LinkModel("qpsk", 2, 1, symbols[:, None], "nearest_codeword")


def qpsk_bler(ebn0_db: float) -> float:
    """Return the exact BLER 1 - (1 - Q(sqrt(2 Eb/N0)))^2."""
    q = q_function(math.sqrt(0.5) / noise_sigma(ebn0_db, 2.0))
    return q * (2 - q)  # without cancellation


LINKS = {"qpsk": qpsk}
BLER = {"qpsk": ("closed form", qpsk_bler)}
