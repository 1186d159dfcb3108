# SPDX-License-Identifier: GPL-3.0-or-later
"""Compilation of networks for the kernels, with numpy as the fallback."""

import logging
import math

import numpy as np

from advphy_model import kernels
from advphy_model.complex_baseband import to_reals
from advphy_model.network.network import Network, run


class NumpyDecision:
    """Decision by a network in plain numpy, as reference and fallback.

    Args:
        net: Network that maps 2n or 2n - 1 reals to one logit per choice.
    """

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


def kernels_lack(net: Network, whose: str) -> bool:
    """Return whether the kernels do not support a layer of the network.

    If so, log a warning, in which `whose` names the network.
    """
    unknown = {layer.kind for layer in net.layers} - set(known_layers())
    if unknown:
        logging.getLogger(__name__).warning(
            "%s: the kernels do not know %s; computing in numpy, more slowly",
            whose,
            ", ".join(sorted(unknown)),
        )
    return bool(unknown)


def kernel_network(net: Network, slots=()):
    """Return the compiled network.

    Args:
        net: a Network.
        slots: index of the network input for each column of an input row; empty: the
            columns are in order.

    Raises:
        ValueError: if the kernels do not support a layer.
    """
    kernel = kernels.network(math.prod(net.input_shape), list(slots))
    shape = net.input_shape
    for layer in net.layers:
        if layer.kind not in _COMPILERS:
            raise ValueError(
                f"layer '{layer.name}': kind '{layer.kind}' is not known to the "
                f"kernels, which have {', '.join(known_layers())}"
            )
        shape = _COMPILERS[layer.kind](kernel, layer, shape)
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
        np.arange(math.prod(shape)).reshape(shape),
        [(0, 0), *np.reshape(padding, (dimensions, 2)).astype(int)],
        constant_values=-1,
    )
    windows = np.lib.stride_tricks.sliding_window_view(
        feature, kernel_shape, axis=tuple(range(1, 1 + dimensions))
    )
    windows = windows[(slice(None), *(slice(None, None, int(s)) for s in stride))]
    positions = windows.shape[1 : 1 + dimensions]
    taps = np.moveaxis(windows, 0, dimensions).reshape(math.prod(positions), -1)
    return (_affine(kernel, layer, taps), *positions)


def _affine(kernel, layer, taps):
    """Append an affine map; return its number of channels.

    Args:
        kernel: kernels.network.
        layer: Layer with weight [channels, ...] and bias [channels].
        taps: index of the feature that each weight of a channel multiplies,
            [positions, weights]; -1 stands for a zero of the padding.
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
        if flat and len(shape) != 1:
            raise ValueError(
                f"layer '{layer.name}' ({layer.kind}) must have flat features before "
                f"it, got shape {shape}; put a flatten layer before it"
            )
        kernel.add_step(kind, value(layer))
        return shape

    return append


def _frozen_scale(layer):
    if "scale" not in layer.parameters:
        raise ValueError(
            f"layer '{layer.name}' must have a scale, got none; export the network, "
            "which freezes the scale"
        )
    return np.asarray(layer.parameters["scale"]).item()


_COMPILERS = {
    "dense": lambda kernel, layer, shape: (
        _affine(kernel, layer, np.arange(shape[0])[None]),
    ),
    "conv1d": _convolution,
    "conv2d": _convolution,
    "relu": _step("relu"),
    "elu": _step("elu", lambda layer: layer.attributes.get("alpha", 1.0)),
    "sigmoid": _step("sigmoid"),
    "softmax": _step("softmax", flat=True),
    "l2_normalisation": _step(
        "l2_normalization", lambda layer: layer.attributes.get("energy", 1.0), flat=True
    ),
    "average_power_normalisation": _step("scale", _frozen_scale),
    "flatten": lambda kernel, layer, shape: (math.prod(shape),),
    "reshape": lambda kernel, layer, shape: tuple(map(int, layer.attributes["shape"])),
}
