# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks from graphs of other libraries: constants, names, batches, verification."""

import collections
import dataclasses
import functools
import inspect
import math

import numpy as np
from advphy_model.file_gate import require_within
from advphy_model.network.foreign_network import mixes_items, unlike_original
from advphy_model.network.layers import LAYERS
from advphy_model.network.network import INPUT, Layer, Network, run

# A graph is read with two batches; what differs depends on the batch. The second pair
# is for graphs that have the numbers of the first among their own.
BATCHES = (11, 13), (17, 19)
OF_LARGE = (3, 5), (2, 7)  # the same for items of more than 2^18 values
TRIED = 1000  # random inputs of the verification


class Builder:
    """Layers that are made one after the other, each tried on a batch.

    A value of the other library's graph is an array if it does not depend on the
    network's input; otherwise it is the name of a layer, or INPUT.

    Args:
        x: batch of inputs, float32 [batch, *input_shape].
    """

    def __init__(self, x):
        self.layers, self.batch = [], len(x)
        self._made = {INPUT: x}
        self.at = ""  # name for the next layers

    def array(self, value) -> np.ndarray:
        """Return what a value is for the batch."""
        return self._made[value] if isinstance(value, str) else np.asarray(value)

    def shape(self, value) -> tuple:
        """Return the shape of a value for the batch."""
        return self.array(value).shape

    def apply(self, kind, *operands, **attributes):
        """Return the value of a layer of operands, which is an array if they all are.

        Raises ValueError if shapes do not match; the text names the layer.
        """
        if not any(isinstance(value, str) for value in operands):
            found = LAYERS[kind](*map(np.asarray, operands), **attributes)
            return found.astype(np.float32) if found.dtype == float else found
        zeros = [v for v in operands if not isinstance(v, str) and not np.any(v)]
        one = len(zeros) == 1 == np.size(zeros[0])
        if (kind == "maximum" and one) or (
            kind == "clip" and attributes == {"low": 0.0}
        ):
            (x,) = (value for value in operands if isinstance(value, str))
            return self.apply("relu", x)
        if kind == "concatenation":
            operands = [
                v if isinstance(v, str) else self.apply("constant", INPUT, v)
                for v in operands
            ]
        names = inspect.signature(LAYERS[kind]).parameters
        parameters = {
            name: np.asarray(value, np.float32).copy()
            for name, value in zip(names, operands, strict=False)
            if not isinstance(value, str)
        }
        inputs = tuple(value for value in operands if isinstance(value, str))
        layer = Layer(kind, self._name(kind), parameters, attributes, inputs)
        try:
            with np.errstate(all="ignore"):
                y = layer(*(self._made[name] for name in inputs))
        except (ValueError, TypeError, IndexError) as error:
            raise ValueError(f"layer '{layer.name}' ({kind}): {error}") from error
        self.layers.append(layer)
        self._made[layer.name] = np.asarray(y, np.float32)
        return layer.name

    def _name(self, kind):
        whole = self.at or kind
        for name in (whole, f"{whole}_{kind}"):
            if name not in self._made:
                return name
        return f"{whole}_{kind}_{len(self.layers)}"

    def arithmetic(self, kind, x, y):
        """Return the value of add, subtract, multiply or divide, simplified."""
        if not isinstance(y, str):
            if kind == "subtract":
                kind, y = "add", -np.asarray(y)
            elif kind == "divide":
                kind, y = "multiply", 1 / np.asarray(y, np.float32)
        return self.apply(kind, x, y)

    def view(self, x, shape):
        """Return a value in another shape, as flatten or reshape where it can be."""
        if self.shape(x) == tuple(shape):
            return x
        if isinstance(x, str) and self.shape(x)[0] == self.batch == shape[0]:
            if len(shape) == 2:
                return self.apply("flatten", x)
            return self.apply("reshape", x, shape=list(map(int, shape[1:])))
        return self.apply("view", x, shape=list(map(int, shape)))

    def permute(self, x, axes):
        """Return a value with its axes in another order."""
        axes = [int(axis) % len(self.shape(x)) for axis in axes]
        return x if axes == sorted(axes) else self.apply("permute", x, axes=axes)

    def pick(self, x, axis, indices):
        """Return parts of a value along an axis."""
        size = self.shape(x)[axis]
        axis %= len(self.shape(x))
        indices = [int(i) % size for i in indices]
        if indices == list(range(size)):
            return x
        return self.apply("pick", x, axis=axis, indices=indices)

    def network(self, output) -> list:
        """Return the layers that lead to an output value, in their order."""
        if not isinstance(output, str):
            raise ValueError("the output does not depend on the input")
        if self.shape(output)[:1] != (self.batch,):
            raise ValueError(
                f"the output has shape {self.shape(output)} for a batch of "
                f"{self.batch}; its first axis must be the batch"
            )
        needed, layers = {output}, []
        for layer in reversed(self.layers):
            if layer.name in needed:
                needed |= set(layer.inputs)
                layers.insert(0, layer)
        return _folded(layers)


def _folded(layers):
    """Return layers with constant gains and offsets in the affine layer before them."""
    done, renamed = {}, {}
    uses = collections.Counter(name for layer in layers for name in layer.inputs)
    for layer in layers:
        inputs = tuple(renamed.get(name, name) for name in layer.inputs)
        merged = None
        if len(inputs) == 1 and uses[layer.inputs[0]] == 1:
            merged = _merged(done.get(inputs[0]), layer)
        if merged is None:
            done[layer.name] = dataclasses.replace(layer, inputs=inputs)
        else:
            done[inputs[0]] = merged
            renamed[layer.name] = inputs[0]
    return list(done.values())


def _merged(before, layer):
    """Return an affine layer times or plus the constant of the next, or None."""
    known = before is not None and before.kind in ("dense", "conv1d", "conv2d")
    if not known or layer.kind not in ("multiply", "add"):
        return None
    (value,) = layer.parameters.values()
    weight, bias = before.parameters["weight"], before.parameters["bias"]
    of_channels = (len(bias),) + (1,) * (weight.ndim - 2)
    if value.size != 1 and value.shape[-len(of_channels) :] != of_channels:
        return None
    if value.size not in (1, len(bias)):
        return None
    value = np.broadcast_to(value.ravel(), bias.shape)
    if layer.kind == "add":
        merged = {"weight": weight, "bias": bias + value}
    else:
        gains = value.reshape(-1, *[1] * (weight.ndim - 1))
        merged = {"weight": weight * gains, "bias": bias * value}
    return dataclasses.replace(before, parameters=merged)


def read(build, input_shape) -> Network:
    """Return the Network that a graph stands for, whatever the size of the batch.

    Args:
        build: function (Builder) -> value of the output; it is called with two batches.
        input_shape: shape of one item.

    Raises ValueError if the graph treats items differently in other batches.
    """
    require_within("imported", math.prod(input_shape), "the input")
    for pair in BATCHES if math.prod(input_shape) <= 2**18 else OF_LARGE:
        found = []
        for batch in pair:
            rng = np.random.default_rng(1)
            x = rng.standard_normal((batch, *input_shape), np.float32)
            builder = Builder(x)
            found.append(builder.network(build(builder)))
        try:
            layers = _for_any_batch(*found)
            break
        except ValueError as error:
            depends = error
    else:
        raise depends
    before = [INPUT, *(layer.name for layer in layers)]
    chained = [
        dataclasses.replace(layer, inputs=()) if layer.inputs == (before[i],) else layer
        for i, layer in enumerate(layers)
    ]
    return Network(tuple(chained), tuple(input_shape))


def _for_any_batch(ones, others):
    if [layer.kind for layer in ones] != [layer.kind for layer in others]:
        raise ValueError(
            "the layers depend on the number of items in a batch; treat each item by "
            "itself, on the first axis"
        )
    return list(map(_merged_batches, ones, others))


def _merged_batches(one, other):
    parameters, attributes = {}, {}
    for key, value in one.parameters.items():
        same = other.parameters[key]
        for axis in range(value.ndim):
            if value.shape[axis] != same.shape[axis]:
                value, same = (a.take([0], axis) for a in (value, same))
        parameters[key] = value
        if not np.array_equal(value, same):
            raise _depends(one)
    for key, value in one.attributes.items():
        same = other.attributes[key]
        if value != same:
            if key != "shape" or len(value) != len(same):
                raise _depends(one)
            pairs = zip(value, same, strict=True)
            value = [a if a == b else -1 for a, b in pairs]
            if value.count(-1) != 1 and one.kind != "expand":
                raise _depends(one)
        attributes[key] = value
    return dataclasses.replace(one, parameters=parameters, attributes=attributes)


def _depends(layer):
    return ValueError(
        f"layer '{layer.name}' ({layer.kind}) depends on the number of items in a "
        "batch; treat each item by itself"
    )


def verify(network, original, what) -> None:
    """Raise ValueError unless a Network and its original agree on random inputs.

    They are 1000, or fewer if an item has more than 2^25 / 1000 values. The original
    is a function of a batch, float32 [items, *input_shape], and `what` names the
    result in the text.
    """
    tried = max(4, min(TRIED, 2**25 // max(1, network.widest)))
    rng, ours = np.random.default_rng(2), functools.partial(run, network)
    x = rng.standard_normal((tried, *network.input_shape), np.float32)
    with np.errstate(all="ignore"):
        found, expected = ours(x), original(x)
        apart = unlike_original(found, original, x, expected)
        if apart is not None:
            raise ValueError(f"{what} differs from the original {apart}")
        if mixes_items(ours, x, found):
            raise ValueError(
                f"{what} depends on the other items of its batch; use the statistics "
                "of the training (call .eval())"
            )
