# SPDX-License-Identifier: GPL-3.0-or-later
"""From a link model to fast functions: look up codewords, decide received vectors."""

import logging

import numpy as np

from advphy_model import kernels, network
from advphy_model.baselines.hard_decision import hard_decision_table
from advphy_model.complex_baseband import slot, to_reals
from advphy_model.link_model import LinkModel


class NumpyDecision:
    """The decision of a decoder network in plain numpy: reference and fallback."""

    def __init__(self, decoder):
        self._decoder = decoder

    def decide(self, y, messages, erased):
        """Write messages and erasure flags of y [batch, n]; return the erasures."""
        with np.errstate(all="ignore"):
            logits = network.run(self._decoder, to_reals(y))
            bad = ~(np.isfinite(logits).all(axis=1) & np.isfinite(y).all(axis=1))
        erased[:] = bad
        messages[:] = np.where(bad, 0, logits.argmax(axis=1))
        return int(bad.sum())


def decision(model: LinkModel):
    """Return an object whose decide(y, messages, erased) decides a batch of blocks.

    y is complex64 [batch, n]; messages and erased are uint8 [batch] to be written. A
    block with a sample that is not finite is erased: flag 1, message 0. The call
    returns how many were.
    """
    if model.decision == "hard_decision":
        return kernels.hard_decision(hard_decision_table(model.codebook), model.n)
    if model.decision == "nearest_codeword":
        return kernels.nearest_codeword(
            to_reals(model.codebook).ravel().tolist(), model.M, slot(model.n)
        )
    decoder = model.networks["decoder"]
    if kernels_lack(decoder, f"link '{model.name}'"):
        return NumpyDecision(decoder)
    return kernel_network(decoder, slot(model.n))


def kernels_lack(net: network.Network, whose: str) -> bool:
    """Return whether a network has a layer that the kernels lack, and say so."""
    unknown = {layer.kind for layer in net.layers} - set(kernels.known_layers())
    if unknown:
        logging.getLogger(__name__).warning(
            "%s: the kernels do not know %s; computing in numpy, more slowly",
            whose,
            ", ".join(sorted(unknown)),
        )
    return bool(unknown)


def kernel_network(net: network.Network, slots=()):
    """Return the compiled network; ValueError for a layer that the kernels lack."""
    layers = [
        {
            "kind": layer.kind,
            "name": layer.name,
            "parameters": layer.parameters,
            "attributes": {
                key: value
                for key, value in layer.attributes.items()
                if not (layer.kind == "average_power_normalisation" and key == "energy")
            },
        }
        for layer in net.layers
    ]
    return kernels.network(layers, net.input_shape, list(slots))


def encoder(model: LinkModel):
    """Return an object whose look_up(messages, out) writes codewords, complex64."""
    return kernels.codebook(model.codebook)
