# SPDX-License-Identifier: GPL-3.0-or-later
"""From a link model to fast functions: look up codewords, decide received vectors."""

import numpy as np

from advphy_model import kernels
from advphy_model.complex_baseband import slot, to_reals
from advphy_model.link.baselines.nearest_codeword import words
from advphy_model.link.link_model import LinkModel
from advphy_model.network.inference import NumpyDecision, kernel_network, kernels_lack
from advphy_model.network.network import Layer, Network


def decider(model: LinkModel):
    """Return an object whose decide(y, messages, erased) decides a batch of blocks.

    y is complex64 [batch, n]; messages and erased are uint8 [batch] to be written. A
    block with a sample that is not finite is erased: flag 1, message 0. The call
    returns how many were.
    """
    if model.decision == "hard_decision":
        return kernels.hard_decision(hard_decision_table(model.codebook), model.n)
    if model.decision == "nearest_codeword":
        return kernel_network(_nearest_codeword(model.codebook), slot(model.n))
    decoder = model.networks["decoder"]
    if kernels_lack(decoder, f"link '{model.name}'"):
        return NumpyDecision(decoder)
    return kernel_network(decoder, slot(model.n))


def _nearest_codeword(codebook):
    """Return the network whose outputs are Re<y, c> - |c|^2 / 2.

    The largest is that of the codeword c at least distance |y - c|; the reference is
    baselines/nearest_codeword.py.
    """
    rows = to_reals(codebook)
    energy = np.cumsum(rows * rows, axis=1, dtype=float)[:, -1]  # added up in order
    parameters = {"weight": rows, "bias": (-0.5 * energy).astype(np.float32)}
    return Network((Layer("dense", "nearest_codeword", parameters),), rows.shape[1:])


def encoder(model: LinkModel):
    """Return an object whose look_up(messages, out) writes codewords, complex64."""
    return kernels.codebook(model.codebook)


def hard_decision_table(codebook: np.ndarray) -> list:
    """Return the message at least Hamming distance for each of the 2^n sign patterns.

    Bit j of a pattern, from the left, is 1 where Re y[j] < 0. Among equals the smallest
    message is taken.

    Raises:
        ValueError: unless every codeword is made of +a and -a, with n <= 16.
    """
    real = np.asarray(codebook).real
    if np.any(np.asarray(codebook).imag != 0) or np.ptp(np.abs(real)) > 1e-6:
        raise ValueError("hard decision wants a codebook of two real levels +a, -a")
    n = real.shape[1]
    if n > 16:
        raise ValueError(f"hard decision wants n <= 16 channel uses, got {n}")
    distance = (words(n)[:, None, :] != (real < 0)[None]).sum(axis=2)
    return distance.argmin(axis=1).tolist()
