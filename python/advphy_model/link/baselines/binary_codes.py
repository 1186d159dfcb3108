# SPDX-License-Identifier: GPL-3.0-or-later
"""Binary codes sent by QPSK, the best known of three further sizes.

For n = 4, k = 4: the first-order Reed-Muller code, 16 points in 8 dimensions with the
squared distances 8 and 16 at energy 4, which are the largest possible [rankin].

For n = 8, k = 8: the Nordstrom-Robinson code, which has more words than any linear code
of its length and distance 6. It is the Gray image of the octacode over the integers
modulo 4 [forney], so c is sent as i^c. The squared distance is 12 at energy 8.

For n = 16, k = 8: a linear [32, 8] code with the distance 13, which is the largest of a
linear code [grassl], so the squared distance is 26 at energy 16.
"""

import numpy as np

from advphy_model.complex_baseband import to_complex
from advphy_model.link.baselines.nearest_codeword import entries, words

OCTACODE = np.array(
    [
        [1, 0, 0, 0, 3, 1, 2, 1],
        [0, 1, 0, 0, 1, 2, 3, 1],
        [0, 0, 1, 0, 3, 3, 3, 2],
        [0, 0, 0, 1, 2, 3, 1, 1],
    ]
)
# Columns of the generator matrix of [32, 8, 13], found by simulated annealing over the
# number of words with a weight below 13.
COLUMNS = bytes.fromhex(
    "b8a20843ccf8e5a4334f0167c7c0104c7beafcd3f28576f1da2cef02af5981d5"
)


def reed_muller() -> np.ndarray:
    """Return complex [16, 4]: the rows of a Hadamard matrix and their negatives."""
    signs = 1 - 2 * (words(3) @ words(3).T % 2)
    return to_complex(np.concatenate([signs, -signs]) / np.sqrt(2))


def nordstrom_robinson() -> np.ndarray:
    """Return complex [256, 8]; message s has four digits to the base 4."""
    digits = (np.arange(256)[:, None] >> np.array([6, 4, 2, 0])) & 3
    return 1j ** (digits @ OCTACODE % 4)


def linear() -> np.ndarray:
    """Return complex [256, 16]; the first 16 bits are sent in the real parts."""
    bits = words(8) @ words(8)[list(COLUMNS)].T % 2
    return to_complex((1 - 2 * bits) / np.sqrt(2))


CODEBOOKS = {
    "reed_muller_n4_k4": (4, 4, reed_muller),
    "nordstrom_robinson": (8, 8, nordstrom_robinson),
    "linear_n16_k8": (16, 8, linear),
}
LINKS, BLER = entries(CODEBOOKS)
