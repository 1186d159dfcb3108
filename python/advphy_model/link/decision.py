# SPDX-License-Identifier: GPL-3.0-or-later
"""Fast functions of a link model: codeword lookup and decision."""

import numpy as np

from advphy_model import kernels
from advphy_model.complex_baseband import slot, to_reals
from advphy_model.link.baselines.nearest_codeword import words
from advphy_model.link.link_model import LinkModel
from advphy_model.network.inference import NumpyDecision, kernel_network, kernel_or_none
from advphy_model.network.network import Layer, Network


def decider(model: LinkModel):
    """Return an object whose decide(y, messages, erased) decides a batch of blocks.

    The received vectors y are complex64 [batch, n]; decide writes to messages and
    erased, uint8 [batch]. A block with a sample that is not finite is erased: flag 1,
    message 0. decide returns the number of erasures.
    """
    if model.decision == "hard_decision":
        return kernels.hard_decision(hard_decision_table(model.codebook), model.n)
    if model.decision == "nearest_codeword":
        return kernel_network(_nearest_codeword(model.codebook), slot(model.n))
    decoder = model.networks["decoder"]
    kernel = kernel_or_none(decoder, f"link '{model.name}'", slot(model.n))
    return kernel or NumpyDecision(decoder)


def _nearest_codeword(codebook):
    """Return the network with outputs Re<y, c> - |c|^2 / 2 for the codewords c.

    It is largest for the nearest codeword; see baselines/nearest_codeword.py.
    """
    rows = to_reals(codebook)
    energy = np.cumsum(rows * rows, axis=1, dtype=float)[:, -1]  # in a fixed order
    parameters = {"weight": rows, "bias": (-0.5 * energy).astype(np.float32)}
    return Network((Layer("dense", "nearest_codeword", parameters),), rows.shape[1:])


def encoder(model: LinkModel):
    """Return an object whose look_up(messages, out) writes codewords, complex64."""
    return kernels.codebook(model.codebook)


def hard_decision_table(codebook: np.ndarray) -> list:
    """Return the message with the smallest Hamming distance to each of 2^n patterns.

    Bit j of a pattern, from the left, is 1 where Re y[j] < 0. Of several messages with
    this distance the smallest is taken. Raises ValueError unless the codebook, complex
    [M, n], has the entries +a and -a, and n is at most 16.
    """
    real = np.asarray(codebook).real
    if np.any(np.asarray(codebook).imag != 0) or np.ptp(np.abs(real)) > 1e-6:
        raise ValueError(
            "codebook for hard decision must have two real levels +a and -a, got "
            "others; choose decision='nearest_codeword'"
        )
    n = real.shape[1]
    if n > 16:
        raise ValueError(f"n must be 1..16 channel uses for hard decision, got {n}")
    distance = (words(n)[:, None, :] != (real < 0)[None]).sum(axis=2)
    return distance.argmin(axis=1).tolist()
