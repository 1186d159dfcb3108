# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kernel runs a network, or numpy where the kernels lack a layer."""

import logging

import numpy as np

from advphy_model import kernels
from advphy_model.complex_baseband import to_reals
from advphy_model.network.network import Network, run


class NumpyDecision:
    """The decision of a network in plain numpy: reference and fallback.

    Args:
        net: 2n or 2n - 1 reals to a logit for each choice.
    """

    def __init__(self, net):
        self._net = net

    def decide(self, y, decided, erased):
        """Write decisions and erasure flags of y [batch, n]; return the erasures."""
        reals = to_reals(y, self._net.input_shape[0])
        with np.errstate(all="ignore"):
            logits = run(self._net, reals)
            bad = ~(np.isfinite(logits).all(axis=1) & np.isfinite(y).all(axis=1))
        erased[:] = bad
        decided[:] = np.where(bad, 0, logits.argmax(axis=1))
        return int(bad.sum())


def kernels_lack(net: Network, whose: str) -> bool:
    """Return whether a network has a layer that the kernels lack, and say so."""
    unknown = {layer.kind for layer in net.layers} - set(kernels.known_layers())
    if unknown:
        logging.getLogger(__name__).warning(
            "%s: the kernels do not know %s; computing in numpy, more slowly",
            whose,
            ", ".join(sorted(unknown)),
        )
    return bool(unknown)


def kernel_network(net: Network, slots=()):
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
