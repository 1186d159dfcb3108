# SPDX-License-Identifier: GPL-3.0-or-later
"""Compilation of networks for the kernels, with numpy as the fallback."""

import logging
import math

import numpy as np

from advphy_model import kernels
from advphy_model.complex_baseband import to_reals
from advphy_model.network.network import INPUT, Network, run

_MOST_TAPS = 2**25  # indices of a convolution in the kernels: 1 GiB while it is made


class NumpyDecision:
    """Decision in plain numpy by a network of 2n or 2n - 1 reals to logits."""

    def __init__(self, net):
        self._net = net

    def decide(self, y, decided, erased):
        """Write decisions and erasure flags for y [batch, n]; return the erasures."""
        reals = to_reals(y, self._net.input_shape[0])
        with np.errstate(all="ignore"):
            logits = run(self._net, reals)
            bad = ~(np.isfinite(logits).all(axis=1) & np.isfinite(y).all(axis=1))
        erased[:] = bad
        decided[:] = np.where(bad, 0, logits.argmax(axis=1))
        return int(bad.sum())


def kernel_or_none(net: Network, whose: str, slots=()):
    """Return the compiled network, or None with a warning, which `whose` begins."""
    try:
        return kernel_network(net, slots)
    except (ValueError, TypeError, LookupError) as error:
        text = "%s: %s; computing in numpy, more slowly"
        # Not the error itself, whose frames would live as long as the record.
        logging.getLogger(__name__).warning(text, whose, str(error))
        return None


def kernel_network(net: Network, slots=()):
    """Return the compiled network.

    `slots` are the indices of the network's input for each column of an input row;
    empty: the columns are in order. ValueError if the kernels do not support a layer.
    """
    unknown = {layer.kind for layer in net.layers} - set(known_layers())
    if unknown:
        raise ValueError(
            f"the kernels do not know {', '.join(sorted(unknown))}; they have "
            f"{', '.join(known_layers())}"
        )
    kernel = kernels.network(math.prod(net.input_shape), list(slots))
    shapes, places, free = {INPUT: net.input_shape}, {}, []
    now = INPUT  # the layer whose output the kernel has
    names = [INPUT, *(layer.name for layer in net.layers)]
    for i, layer in enumerate(net.layers):
        again = [*net.sources[i + 1 :], net.sources[i][1:]]  # who takes `now` later
        first, *others = net.sources[i]
        if others == [now] != [first]:  # a sum, whose parts may be exchanged
            first, others = now, [first]
        if any(now in given for given in again) and now not in places:
            places[now] = free.pop() if free else len(places)
            kernel.add_step("keep", places[now])
        if first != now:
            kernel.add_step("recall", places[first])
        shape = _COMPILERS[layer.kind](kernel, layer, shapes[first])
        for other in others:
            if shapes[other] != shape:
                raise ValueError(f"layer '{layer.name}' repeats one of its parts")
            kernel.add_step("add", places[other])
        free += [places.pop(name) for name in net.last_used[i] if name in places]
        now = names[i + 1]
        shapes[now] = shape
    return kernel


def known_layers() -> list:
    """Return the sorted kinds of layer that the kernels can run."""
    return sorted(_COMPILERS)


# Each of these functions appends a layer to a kernel, given the shape of the layer's
# input, and returns the shape of its output.


def _convolution(kernel, layer, shape):
    kernel_shape = layer.parameters["weight"].shape[2:]
    dimensions = len(kernel_shape)
    padding = layer.attributes.get("padding", (0, 0) * dimensions)
    stride = layer.attributes.get("stride", (1,) * dimensions)
    feature = np.pad(
        np.arange(math.prod(shape), dtype=np.int32).reshape(shape),
        [(0, 0), *np.reshape(padding, (dimensions, 2)).astype(int)],
        constant_values=-1,
    )
    windows = np.lib.stride_tricks.sliding_window_view(
        feature, kernel_shape, axis=tuple(range(1, 1 + dimensions))
    )
    windows = windows[(slice(None), *(slice(None, None, int(s)) for s in stride))]
    positions = windows.shape[1 : 1 + dimensions]
    if math.prod(positions) * shape[0] * math.prod(kernel_shape) > _MOST_TAPS:
        raise ValueError(f"layer '{layer.name}' is too large a convolution")
    taps = np.moveaxis(windows, 0, dimensions).reshape(math.prod(positions), -1)
    unused = ~np.any(layer.parameters["weight"], axis=0).ravel()  # between dilated taps
    taps = np.where(unused, -1, taps)
    return (_affine(kernel, layer, taps), *positions)


def _affine(kernel, layer, taps):
    """Append an affine map; return its number of channels.

    The layer has weight [channels, ...] and bias [channels]; taps are indices of the
    features that the weights of a channel multiply, [positions, weights], -1: padding.
    """
    weight = np.asarray(layer.parameters["weight"], np.float32)
    bias = np.asarray(layer.parameters["bias"], np.float32)
    inside = taps >= 0
    kernel.add_affine(
        np.ascontiguousarray(weight),
        np.ascontiguousarray(bias),
        np.append(0, np.cumsum(inside.sum(axis=1))).astype(np.int32),
        taps[inside].astype(np.int32),
        np.nonzero(inside)[1].astype(np.int32),
    )
    return len(weight)


def _step(kind, value=lambda layer: 0.0, flat=False):
    def append(kernel, layer, shape):
        kernel.add_step(kind if isinstance(kind, str) else kind(layer), value(layer))
        return _flat(layer, shape) if flat else shape

    return append


def _slope(layer):
    if layer.parameters:
        raise ValueError(f"layer '{layer.name}' has more than one slope")
    return layer.attributes.get("slope", 0.01)


def _last_axis(layer):
    if layer.attributes.get("axis", 1) not in (1, -1):
        raise ValueError(f"layer '{layer.name}' is over the batch")
    return 0.0


def _frozen_scale(layer):
    if "scale" not in layer.parameters:
        raise ValueError(
            f"layer '{layer.name}' must have a scale, got none; export the network, "
            "which freezes the scale"
        )
    return np.asarray(layer.parameters["scale"]).item()


def _sum(kernel, layer, shape):
    if layer.parameters:
        raise ValueError(f"layer '{layer.name}' adds a constant, not another layer")
    return shape


def _product(kernel, layer, shape):
    factor = layer.parameters.get("y", layer.parameters.get("x"))
    if np.size(factor) != 1:
        raise ValueError(f"layer '{layer.name}' multiplies by more than one number")
    kernel.add_step("scale", np.asarray(factor).item())
    return shape


def _dense(kernel, layer, shape):
    return (_affine(kernel, layer, np.arange(_flat(layer, shape)[0])[None]),)


def _flat(layer, shape):
    if len(shape) != 1:
        raise ValueError(
            f"layer '{layer.name}' ({layer.kind}) must have flat features before it, "
            f"got shape {shape}; put a flatten layer before it"
        )
    return shape


_COMPILERS = {
    "add": _sum,
    "multiply": _product,
    "dense": _dense,
    "conv1d": _convolution,
    "conv2d": _convolution,
    **{kind: _step(kind) for kind in ("relu", "sigmoid", "silu", "tanh")},
    "gelu": _step(
        lambda layer: "gelu_tangent" if layer.attributes.get("tangent") else "gelu"
    ),
    "leaky_relu": _step("leaky_relu", _slope),
    "elu": _step("elu", lambda layer: layer.attributes.get("alpha", 1.0)),
    "softmax": _step("softmax", _last_axis, flat=True),
    "l2_normalisation": _step(
        "l2_normalization", lambda layer: layer.attributes.get("energy", 1.0), flat=True
    ),
    "average_power_normalisation": _step("scale", _frozen_scale),
    "flatten": lambda kernel, layer, shape: (math.prod(shape),),
    "reshape": lambda kernel, layer, shape: tuple(map(int, layer.attributes["shape"])),
}
