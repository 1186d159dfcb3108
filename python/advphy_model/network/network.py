# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of named layers: how to run, describe and restore them."""

import inspect
from dataclasses import dataclass, field

import numpy as np

from advphy_model.found_by_name import require_known
from advphy_model.network.layers import LAYERS


@dataclass(frozen=True)
class Layer:
    """One layer of a network.

    Args:
        kind: name of a function in layers.py.
        name: unique name in the network; parameters are stored under it.
        parameters: arrays by argument name of the function; float32 when exported.
        attributes: numbers or lists of numbers by argument name of the function.
    """

    kind: str
    name: str
    parameters: dict = field(default_factory=dict)
    attributes: dict = field(default_factory=dict)

    def __post_init__(self):
        require_known(f"layer '{self.name}': kind", self.kind, sorted(LAYERS))
        known = list(inspect.signature(LAYERS[self.kind]).parameters)[1:]
        for key in (*self.parameters, *self.attributes):
            if key not in known:
                raise ValueError(
                    f"layer '{self.name}' ({self.kind}): '{key}' is not one of its "
                    f"arguments; choose from {', '.join(known)}"
                )

    def __call__(self, x):
        """Return the layer's output for the batch x."""
        return LAYERS[self.kind](x, **self.parameters, **self.attributes)


@dataclass(frozen=True)
class Network:
    """A sequence of layers.

    Args:
        layers: Layers in the order of computation.
        input_shape: shape of one input, without the batch axis.

    Raises:
        ValueError: if two layers have the same name, a parameter is not finite, or
            shapes do not match; the text names the layer.
    """

    layers: tuple
    input_shape: tuple

    def __post_init__(self):
        object.__setattr__(self, "layers", tuple(self.layers))
        object.__setattr__(self, "input_shape", tuple(int(s) for s in self.input_shape))
        names = [layer.name for layer in self.layers]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two layers have the name '{name}'; rename one")
        object.__setattr__(self, "output_shape", self._check())

    def _check(self):
        x = np.zeros((1, *self.input_shape), np.float32)
        for layer in self.layers:
            for key, value in layer.parameters.items():
                if not np.all(np.isfinite(value)):
                    raise ValueError(
                        f"layer '{layer.name}' ({layer.kind}): {key} has a value that "
                        "is not finite; train or export it again"
                    )
            try:
                with np.errstate(all="ignore"):  # a normalization divides by 0 here
                    y = layer(x)
            except (ValueError, TypeError, IndexError, AttributeError) as error:
                shapes = {k: np.shape(v) for k, v in layer.parameters.items()}
                raise ValueError(
                    f"layer '{layer.name}' ({layer.kind}) cannot follow features of "
                    f"shape {x.shape[1:]} with parameters {shapes}: {error}"
                ) from error
            x = np.zeros_like(y)
        return x.shape[1:]


def run(network, x):
    """Return the outputs for floats x [batch, *input_shape] of numpy or torch."""
    for layer in network.layers:
        x = layer(x)
    return x


def describe(networks: dict) -> tuple:
    """Return Networks by role as JSON values by role and as arrays.

    The arrays are float32, by "role.layer.parameter".
    """
    described, arrays = {}, {}
    for role, network in sorted(networks.items()):
        layers = []
        for layer in network.layers:
            entry = {
                "kind": layer.kind,
                "name": layer.name,
                "parameters": sorted(layer.parameters),
                "attributes": layer.attributes,
            }
            layers.append(entry)
            for key in sorted(layer.parameters):
                array = np.ascontiguousarray(layer.parameters[key], np.float32)
                arrays[f"{role}.{layer.name}.{key}"] = array
        described[role] = {"input_shape": list(network.input_shape), "layers": layers}
    return described, arrays


def restore(described: dict, arrays: dict) -> dict:
    """Return the networks by role from what `describe` returned.

    Raises:
        ValueError: if shapes do not match, or no layer uses an array.
    """
    unused = set(arrays)
    networks = {}
    for role, network in described.items():
        layers = []
        for layer in network["layers"]:
            kind, name = layer["kind"], layer["name"]
            stored = {key: f"{role}.{name}.{key}" for key in layer["parameters"]}
            parameters = {key: arrays[place] for key, place in stored.items()}
            unused -= set(stored.values())
            layers.append(Layer(kind, name, parameters, layer["attributes"]))
        networks[role] = Network(tuple(layers), tuple(network["input_shape"]))
    if unused:
        raise ValueError(f"arrays that no layer uses: {', '.join(sorted(unused))}")
    return networks
