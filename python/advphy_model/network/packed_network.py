# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that read or write interleaved complex vectors directly.

In memory, n complex64 symbols are 2n floats with real and imaginary parts interleaved,
but a network takes reals in the order of complex_baseband.py, possibly an odd number of
them. The weights of the first and the last dense layer are reordered accordingly, so
that no data is moved at run time.
"""

import dataclasses

import numpy as np

from advphy_model.complex_baseband import channel_uses, slot, to_complex, to_reals
from advphy_model.network.inference import NumpyDecision, kernel_or_none
from advphy_model.network.network import Network, run

# Layers that do not depend on the order of the features and map 0 to 0.
_ALIKE = (
    *("relu", "leaky_relu", "elu", "silu", "gelu", "tanh"),
    *("l2_normalisation", "average_power_normalisation"),
)


class PackedNetwork:
    """A network with complex vectors as its inputs, its outputs or both.

    Args:
        network: Network with flat inputs and flat outputs.
        complex_input: whether inputs are complex64 [batch, n] instead of float32.
        complex_output: whether outputs are complex64 [batch, n] instead of float32.
    """

    def __init__(self, network: Network, complex_input=False, complex_output=False):
        self._network = network
        self._complex = complex_input, complex_output
        self._reals = network.input_shape[0]
        folded = network
        if complex_input:
            folded = _reading(folded)
        if complex_output and folded is not None:
            folded = _writing(folded)
        self._packed = folded is not None
        whose = f"a network of {self._reals} inputs"
        self._kernel = kernel_or_none(folded if self._packed else network, whose)

    def run(self, x, out):
        """Write the outputs for a batch x to out; both are C-contiguous.

        A complex row with a sample that is not finite gives a row of NaN.
        """
        complex_input, complex_output = self._complex
        with np.errstate(all="ignore"):  # the sum of +inf and -inf is NaN
            if self._packed and self._kernel is not None:
                self._kernel.run(x, out)
            else:
                reals = to_reals(x, self._reals) if complex_input else x
                if self._kernel is not None:
                    y = np.empty((len(x), *self._network.output_shape), np.float32)
                    self._kernel.run(np.ascontiguousarray(reals), y)
                else:
                    y = run(self._network, reals)
                out[:] = to_complex(y) if complex_output else y
            if complex_input and not np.isfinite(np.sum(x)):
                out[~np.isfinite(x).all(axis=1)] = np.nan


def classifier(network: Network):
    """Return an object whose decide(y, labels, erased) classifies complex vectors.

    A vector with a sample that is not finite is erased: flag 1, label 0. decide returns
    the number of erasures. The network maps L reals to at most 256 logits.
    """
    folded = _reading(network)
    kernel = None if folded is None else kernel_or_none(folded, "the classifier")
    return kernel or NumpyDecision(network)


def _columns(reals):
    """Return the real that each float of a complex vector holds; `reals`: padding."""
    return np.array(slot(channel_uses(reals)))


def _reading(network):
    """Return the network with interleaved inputs, or None if that is not possible."""
    if not network.is_chain or not network.layers or network.layers[0].kind != "dense":
        return None
    first = network.layers[0]
    columns = _columns(network.input_shape[0])
    weight = np.pad(np.asarray(first.parameters["weight"]), ((0, 0), (0, 1)))
    parameters = first.parameters | {"weight": weight[:, columns]}
    layers = (dataclasses.replace(first, parameters=parameters), *network.layers[1:])
    return Network(layers, (len(columns),))


def _writing(network):
    """Return the network with interleaved outputs, or None if that is not possible."""
    dense = [i for i, layer in enumerate(network.layers) if layer.kind == "dense"]
    if (
        not network.is_chain
        or not dense
        or any(layer.kind not in _ALIKE for layer in network.layers[dense[-1] + 1 :])
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
