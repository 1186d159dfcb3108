# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of named layers: how to run, describe and restore them."""

import dataclasses
import functools
import inspect
import numbers
import operator

import numpy as np

from advphy_model.file_gate import FileError, require_within, shown
from advphy_model.found_by_name import own_functions, require_known
from advphy_model.network import extents
from advphy_model.network.layers import LAYERS

_BUILT_IN = frozenset(LAYERS)
INPUT = ""  # what a layer's `inputs` call the input of the network


@dataclasses.dataclass(frozen=True)
class Layer:
    """One layer of a network.

    Args:
        kind: name of a function in layers.py.
        name: unique name in the network; parameters are stored under it.
        parameters: arrays by argument name of the function; float32 when exported.
        attributes: numbers or lists of numbers by argument name of the function.
        inputs: names of the layers whose outputs are the other arguments, in their
            order, INPUT for the network's input; empty: the layer before.
    """

    kind: str
    name: str
    parameters: dict = dataclasses.field(default_factory=dict)
    attributes: dict = dataclasses.field(default_factory=dict)
    inputs: tuple = ()

    def __post_init__(self):
        if self.kind not in LAYERS:
            LAYERS.update(own_functions("layers", _BUILT_IN))
        require_known(f"layer '{self.name}': kind", self.kind, sorted(LAYERS))
        known = _arguments(LAYERS[self.kind])
        given = [*self.parameters, *self.attributes]
        for key in given:
            if key not in known:
                raise ValueError(
                    f"layer '{self.name}' ({self.kind}): '{key}' is not one of its "
                    f"arguments; choose from {', '.join(known[1:])}"
                )
        for key, value in self.attributes.items():
            each = value if isinstance(value, (list, tuple)) else [value]
            if not all(v is None or isinstance(v, numbers.Real) for v in each):
                raise ValueError(
                    f"layer '{self.name}' ({self.kind}): {key} must be a number or a "
                    f"list of numbers, got {shown(value)}"
                )
        object.__setattr__(self, "inputs", tuple(self.inputs))
        object.__setattr__(self, "_free", [name for name in known if name not in given])
        count = max(1, len(self.inputs))
        in_order = self.kind == "concatenation" or self._free[:count] == known[:count]
        object.__setattr__(self, "_in_order", in_order)

    def __call__(self, *x, **parameters):
        """Return the layer's output for batches, with other parameters if given."""
        given = (parameters or self.parameters) | self.attributes
        if self._in_order:
            return LAYERS[self.kind](*x, **given)
        return LAYERS[self.kind](**dict(zip(self._free, x, strict=False)), **given)


@functools.cache
def _arguments(function):
    return list(inspect.signature(function).parameters)


@dataclasses.dataclass(frozen=True)
class Network:
    """A graph of layers, in the common case a chain; the last one's output is its own.

    Args:
        layers: Layers in the order of computation.
        input_shape: shape of one input, without the batch axis.

    Attributes:
        output_shape: shape of one output.
        sources: for each layer, the names of the layers that it takes.
        last_used: for each layer, those that no later layer takes.
        widest: number of values in the largest array for one input.

    Raises ValueError if two layers have the same name, an input is not known, a
    parameter is not finite, shapes do not match, or an item needs more than the LIMITS
    of file_gate; the text names the layer.
    """

    layers: tuple
    input_shape: tuple

    def __post_init__(self):
        object.__setattr__(self, "layers", tuple(self.layers))
        shape = tuple(map(operator.index, self.input_shape))
        object.__setattr__(self, "input_shape", shape)
        require_within("layers", len(self.layers), "the network")
        names = [layer.name for layer in self.layers]
        before, places = [INPUT, *names], {INPUT: -1}
        for i, name in enumerate(names):
            if places.setdefault(name, i) != i:
                raise ValueError(f"two layers have the name '{name}'; rename one")
        sources = tuple(
            layer.inputs or (before[i],) for i, layer in enumerate(self.layers)
        )
        uses = {name: i for i, given in enumerate(sources) for name in given}
        last_used = [[] for _ in sources]
        for name, i in uses.items():
            last_used[i].append(name)
            if places.get(name, i) >= i:
                raise ValueError(
                    f"layer '{names[i]}' takes '{name}', which is none of the layers "
                    f"before it: {', '.join(names[:i]) or 'there are none'}"
                )
        object.__setattr__(self, "sources", sources)
        object.__setattr__(self, "last_used", tuple(map(tuple, last_used)))
        object.__setattr__(self, "output_shape", self._check())

    @property
    def is_chain(self) -> bool:
        """Return whether each layer takes the one before it and no other."""
        before = [INPUT, *(layer.name for layer in self.layers)]
        return all(given == (before[i],) for i, given in enumerate(self.sources))

    def _check(self):
        def checked(layer, *x):
            for key, value in layer.parameters.items():
                if not np.all(np.isfinite(value)):
                    raise ValueError(
                        f"layer '{layer.name}' ({layer.kind}): {key} has a value that "
                        "is not finite; train or export it again"
                    )
            try:
                found = layer(*x)
                return found if isinstance(found, kind) else kind(np.shape(found))
            except FileError as error:
                raise FileError(
                    f"layer '{layer.name}' ({layer.kind}): {error}"
                ) from None
            except Exception as error:  # also of the user's own layers
                shapes = {k: np.shape(v) for k, v in layer.parameters.items()}
                raise ValueError(
                    f"layer '{layer.name}' ({layer.kind}) cannot follow features of "
                    f"shape {x[0].shape[1:]} with parameters {shapes}: {error}"
                ) from error

        kind = extents.counted()
        shape = run(self, kind((1, *self.input_shape)), checked).shape[1:]
        object.__setattr__(self, "widest", kind.widest)
        return shape


def run(network, x, layer_of=Layer.__call__):
    """Return the outputs for floats x [batch, *input_shape] of numpy or torch.

    `layer_of` is called with each layer and its inputs in place of the layer.
    """
    held = {INPUT: x}
    for layer, given, done in zip(
        network.layers, network.sources, network.last_used, strict=True
    ):
        x = layer_of(layer, *(held[name] for name in given))
        for name in done:
            del held[name]
        held[layer.name] = x
    return x


def in_series(networks: dict) -> Network:
    """Return one network of networks by role; layers are named role/layer."""
    layers, before = [], INPUT
    for role, network in networks.items():
        for layer in network.layers:
            names = (f"{role}/{name}" if name else before for name in layer.inputs)
            renamed = {"name": f"{role}/{layer.name}", "inputs": tuple(names)}
            layers.append(dataclasses.replace(layer, **renamed))
        before = layers[-1].name if layers else INPUT
    return Network(tuple(layers), next(iter(networks.values())).input_shape)


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
            if layer.inputs:  # absent in a chain, as in files of version 0.5
                entry["inputs"] = list(layer.inputs)
            layers.append(entry)
            for key in sorted(layer.parameters):
                array = np.ascontiguousarray(layer.parameters[key], np.float32)
                arrays[f"{role}.{layer.name}.{key}"] = array
        described[role] = {"input_shape": list(network.input_shape), "layers": layers}
    return described, arrays


def restore(described: dict, arrays: dict) -> dict:
    """Return the networks by role from what `describe` returned.

    Raises ValueError if shapes do not match, or no layer uses an array.
    """
    layers = sum(len(network["layers"]) for network in described.values())
    require_within("layers", layers, "the model")
    unused = set(arrays)
    networks = {}
    for role, network in described.items():
        layers = []
        for layer in network["layers"]:
            kind, name = layer["kind"], layer["name"]
            stored = {key: f"{role}.{name}.{key}" for key in layer["parameters"]}
            parameters = {key: arrays[place] for key, place in stored.items()}
            unused -= set(stored.values())
            inputs = layer.get("inputs", ())
            layers.append(Layer(kind, name, parameters, layer["attributes"], inputs))
        networks[role] = Network(tuple(layers), tuple(network["input_shape"]))
    if unused:
        raise ValueError(f"arrays that no layer uses: {', '.join(sorted(unused)[:4])}")
    return networks
