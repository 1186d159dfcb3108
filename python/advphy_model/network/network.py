# SPDX-License-Identifier: GPL-3.0-or-later
"""A network: named layers with their parameters, how to run it, and its description."""

import inspect
from dataclasses import dataclass, field

import numpy as np

from advphy_model.network.layers import LAYERS


@dataclass(frozen=True)
class Layer:
    """One layer: its kind (a function of layers.py), its name and what it holds.

    Args:
        kind: name of a function in layers.py.
        name: unique in its network; parameters are stored under it.
        parameters: arrays, float32 when exported, by the function's argument names.
        attributes: numbers or lists of numbers, by the function's argument names.
    """

    kind: str
    name: str
    parameters: dict = field(default_factory=dict)
    attributes: dict = field(default_factory=dict)

    def __post_init__(self):
        if self.kind not in LAYERS:
            raise ValueError(
                f"layer '{self.name}': kind '{self.kind}' is not known; "
                f"layers.py has {', '.join(sorted(LAYERS))}"
            )
        known = list(inspect.signature(LAYERS[self.kind]).parameters)[1:]
        for key in (*self.parameters, *self.attributes):
            if key not in known:
                raise ValueError(
                    f"layer '{self.name}' ({self.kind}): '{key}' is not one of its "
                    f"arguments {known}"
                )

    def __call__(self, x):
        """Return the layer's output for the batch x."""
        return LAYERS[self.kind](x, **self.parameters, **self.attributes)


@dataclass(frozen=True)
class Network:
    """Layers in order, and the shape of one input without the batch.

    Raises:
        ValueError: two layers of one name, a parameter that is not finite, or shapes
            that do not fit; the text names the layer.
    """

    layers: tuple
    input_shape: tuple

    def __post_init__(self):
        object.__setattr__(self, "layers", tuple(self.layers))
        object.__setattr__(self, "input_shape", tuple(int(s) for s in self.input_shape))
        names = [layer.name for layer in self.layers]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two layers are called '{name}'")
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
                with np.errstate(all="ignore"):  # zeros have no norm to divide by
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
    """Return the network's output for a batch, in numpy or torch as x is.

    Args:
        network: a Network.
        x: [batch, *input_shape]; floats.
    """
    for layer in network.layers:
        x = layer(x)
    return x


def describe(networks: dict) -> tuple:
    """Return (JSON values by role, float32 arrays by "role.layer.parameter").

    They are what model files hold of networks by role.
    """
    described, arrays = {}, {}
    for role, network in sorted(networks.items()):
        layers = []
        for layer in network.layers:
            said = {"kind": layer.kind, "name": layer.name}
            said["parameters"] = sorted(layer.parameters)
            layers.append(said | {"attributes": layer.attributes})
            for key in sorted(layer.parameters):
                array = np.ascontiguousarray(layer.parameters[key], np.float32)
                arrays[f"{role}.{layer.name}.{key}"] = array
        described[role] = {"input_shape": list(network.input_shape), "layers": layers}
    return described, arrays


def restore(described: dict, arrays: dict) -> dict:
    """Return the networks by role of what `describe` returned.

    Raises:
        ValueError: when they do not fit, or an array is used by no layer.
    """
    unused = set(arrays)
    networks = {}
    for role, network in described.items():
        layers = []
        for layer in network["layers"]:
            kind, name = layer["kind"], layer["name"]
            names = {key: f"{role}.{name}.{key}" for key in layer["parameters"]}
            parameters = {key: arrays[name] for key, name in names.items()}
            unused -= set(names.values())
            layers.append(Layer(kind, name, parameters, layer["attributes"]))
        networks[role] = Network(tuple(layers), tuple(network["input_shape"]))
    if unused:
        raise ValueError(f"arrays that no layer uses: {', '.join(sorted(unused))}")
    return networks
