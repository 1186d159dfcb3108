# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that read or write complex vectors as they lie in memory.

A complex64 vector of n is 2n floats, real and imaginary parts in turn, while networks
take the reals of complex_baseband.py, perhaps an odd number of them. Which float is
which real is folded into the weights of the first and of the last dense layer, so that
no data is moved at run time.
"""

import dataclasses

import numpy as np

from advphy_model.complex_baseband import channel_uses, slot, to_complex, to_reals
from advphy_model.network.inference import NumpyDecision, kernel_network, kernels_lack
from advphy_model.network.network import Network, run

# What treats all features alike, and leaves zeros zero.
_ALIKE = ("relu", "elu", "l2_normalisation", "average_power_normalisation")


class PackedNetwork:
    """A network on batches whose input, output or both are complex vectors.

    Args:
        network: flat features to flat features.
        complex_input: whether inputs are complex64 [batch, n], else float32.
        complex_output: whether outputs are.
    """

    def __init__(self, network: Network, complex_input=False, complex_output=False):
        self._network = network
        self._complex = complex_input, complex_output
        self._reals = network.input_shape[0]
        folded = network
        if complex_input and folded is not None:
            folded = _reading(folded)
        if complex_output and folded is not None:
            folded = _writing(folded)
        lacking = kernels_lack(network, f"a network of {self._reals} inputs")
        usable = folded is not None and not lacking
        self._kernel = kernel_network(folded) if usable else None

    def run(self, x, out):
        """Write the outputs for a batch x to out, both C-contiguous.

        A complex item with a sample that is not finite gives only NaN.
        """
        self._run(x, out)
        if not self._complex[0]:
            return
        with np.errstate(invalid="ignore"):  # infinities of both signs
            finite = np.isfinite(np.sum(x))
        if not finite:
            out[~np.isfinite(x).all(axis=1)] = np.nan

    def _run(self, x, out):
        if self._kernel is not None:
            self._kernel.run(x, out)
            return
        complex_input, complex_output = self._complex
        with np.errstate(all="ignore"):
            y = run(self._network, to_reals(x, self._reals) if complex_input else x)
        out[:] = to_complex(y) if complex_output else y


def classifier(network: Network):
    """Return an object whose decide(y, labels, erased) classifies complex vectors.

    An item with a sample that is not finite is erased: flag 1, label 0. The call
    returns how many were.

    Args:
        network: L reals to a logit for each class, 256 at most.
    """
    folded = _reading(network)
    if kernels_lack(network, "the classifier") or folded is None:
        return NumpyDecision(network)
    return kernel_network(folded)


def _columns(reals):
    """Return which real each float of a complex vector is; `reals` for the padding."""
    return np.array(slot(channel_uses(reals)))


def _reading(network):
    """Return the network with inputs as they lie in memory, or None: it cannot be."""
    if not network.layers or network.layers[0].kind != "dense":
        return None
    first = network.layers[0]
    columns = _columns(network.input_shape[0])
    weight = np.pad(np.asarray(first.parameters["weight"]), ((0, 0), (0, 1)))
    parameters = first.parameters | {"weight": weight[:, columns]}
    layers = (dataclasses.replace(first, parameters=parameters), *network.layers[1:])
    return Network(layers, (len(columns),))


def _writing(network):
    """Return the network with outputs as they lie in memory, or None: it cannot be."""
    dense = [i for i, layer in enumerate(network.layers) if layer.kind == "dense"]
    if not dense or any(
        layer.kind not in _ALIKE for layer in network.layers[dense[-1] + 1 :]
    ):
        return None
    last = network.layers[dense[-1]]
    rows = _columns(network.output_shape[0])
    weight = np.pad(np.asarray(last.parameters["weight"]), ((0, 1), (0, 0)))
    bias = np.pad(np.asarray(last.parameters["bias"]), (0, 1))
    parameters = {"weight": weight[rows], "bias": bias[rows]}
    layers = list(network.layers)
    layers[dense[-1]] = dataclasses.replace(last, parameters=parameters)
    return Network(tuple(layers), network.input_shape)
