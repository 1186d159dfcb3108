# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that torch trains; the arithmetic is that of layers.py."""

import dataclasses
import math

import numpy as np
import torch
from advphy_model.network.layers import LAYERS
from advphy_model.network.network import Network, run


class TorchNetwork(torch.nn.Module):
    """A Network whose parameters torch trains, except those of `frozen` layers."""

    def __init__(self, network: Network, frozen=()):
        super().__init__()
        self._network = network
        self._held = torch.nn.ParameterDict()
        for layer in network.layers:
            for key, value in layer.parameters.items():
                self._held[f"{layer.name}:{key}"] = torch.nn.Parameter(
                    torch.tensor(np.asarray(value, np.float32)),
                    requires_grad=layer.name not in frozen,
                )

    def _run(self, layer, *x):
        held = {key: self._held[f"{layer.name}:{key}"] for key in layer.parameters}
        if (
            layer.kind in ("conv1d", "conv2d")
            and not torch.compiler.is_compiling()
            and not torch.jit.is_tracing()
            and len(x[0]) > math.prod(x[0].shape[1:])
        ):
            return _as_matrix(LAYERS[layer.kind], x[0], held, layer.attributes)
        return layer(*x, **held)

    def forward(self, x):
        """Return the outputs for a batch [batch, *input_shape]."""
        return run(self._network, x, self._run)

    def export(self, batch=None) -> Network:
        """Return the network with its current weights as float32 arrays.

        A batch of inputs (for an encoder: all one-hot vectors), a float tensor [batch,
        *input_shape], fixes the scale of an average-power normalization.
        """
        layers = []

        def exported(layer, *x):
            held = {key: self._held[f"{layer.name}:{key}"] for key in layer.parameters}
            arrays = {key: p.detach().numpy().copy() for key, p in held.items()}
            if layer.kind == "average_power_normalisation" and "scale" not in arrays:
                energy = (x[0] * x[0]).sum(axis=1).mean().item()
                scale = np.sqrt(layer.attributes["energy"] / energy)
                arrays["scale"] = np.array([scale], np.float32)
            layers.append(dataclasses.replace(layer, parameters=arrays))
            return self._run(layer, *x) if x else None

        if batch is None:
            for layer in self._network.layers:
                exported(layer)
        else:
            with torch.no_grad():
                run(self._network, batch, exported)
        return Network(tuple(layers), self._network.input_shape)


def _as_matrix(convolve, x, held, attributes):
    """Return a convolution of a large batch, computed as one product of matrices.

    At the size of a codeword this is five times faster. The matrix is the convolution
    of the unit vectors, and the gradient flows through it to the weights.
    """
    units = torch.eye(math.prod(x.shape[1:])).reshape(-1, *x.shape[1:])
    bias = held["bias"]
    matrix = convolve(units, held["weight"], torch.zeros_like(bias), **attributes)
    y = x.flatten(1) @ matrix.flatten(1)
    return y.reshape(-1, *matrix.shape[1:]) + bias.reshape(-1, *[1] * (x.ndim - 2))


def modules(networks: dict) -> torch.nn.ModuleDict:
    """Return Networks by role as torch modules of the same weights."""
    made = {role: TorchNetwork(network) for role, network in networks.items()}
    return torch.nn.ModuleDict(made).eval()
