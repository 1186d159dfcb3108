# SPDX-License-Identifier: GPL-3.0-or-later
"""All kinds of layers, each a function of numpy or torch arrays.

A layer takes a batch x of shape [batch, *features] and returns a batch. Its other
arguments are the parameters (arrays) and attributes (numbers) that a model file names.
The kernels (lib/network, inference.py) compute the same; numpy is the reference.
"""

import inspect
import sys

import numpy as np


def array_module(x):
    """Return the module of the array x, numpy or torch."""
    return np if isinstance(x, np.ndarray) else sys.modules["torch"]


def dense(x, weight, bias):
    """Return x W^T + b.

    Args:
        x: [batch, in].
        weight: [out, in].
        bias: [out].
    """
    return x @ weight.T + bias


def conv1d(x, weight, bias, padding=(0, 0), stride=(1,)):
    """Return the cross-correlation of x with each filter, as torch's Conv1d does.

    Args:
        x: [batch, channels, length].
        weight: [filters, channels, taps].
        bias: [filters].
        padding: zeros added on the left and on the right.
        stride: step from one output to the next, as a tuple of one.
    """
    y = conv2d(
        x[:, :, None, :], weight[:, :, None, :], bias, (0, 0, *padding), (1, *stride)
    )
    return y[:, :, 0, :]


def conv2d(x, weight, bias, padding=(0, 0, 0, 0), stride=(1, 1)):
    """Return the cross-correlation of x with each filter, as torch's Conv2d does.

    Args:
        x: [batch, channels, height, width].
        weight: [filters, channels, rows, columns].
        bias: [filters].
        padding: zeros added at the top, bottom, left and right.
        stride: step down and to the right.
    """
    x = _pad(x, padding)
    rows, columns = weight.shape[2:]
    down, right = (int(s) for s in stride)
    height = (x.shape[2] - rows) // down + 1
    width = (x.shape[3] - columns) // right + 1
    if height < 1 or width < 1:
        raise ValueError(f"filters of {rows} x {columns} are larger than the input")
    if not isinstance(x, np.ndarray):  # torch's own is several times faster
        return array_module(x).conv2d(x, weight, bias, (down, right))
    y = 0
    for i in range(rows):
        for j in range(columns):
            part = x[:, :, i : i + height * down : down, j : j + width * right : right]
            y = y + np.einsum("bchw,fc->bfhw", part, weight[:, :, i, j])
    return y + bias[None, :, None, None]


def _pad(x, padding):
    """Return x with zeros around its last two axes."""
    top, bottom, left, right = (int(p) for p in padding)
    if isinstance(x, np.ndarray):
        return np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    return array_module(x).nn.functional.pad(x, (left, right, top, bottom))


def relu(x):
    """Return max(x, 0)."""
    return array_module(x).clip(x, 0, None)


def elu(x, alpha=1.0):
    """Return x where it is positive and alpha (exp(x) - 1) elsewhere."""
    xp = array_module(x)
    return xp.where(x > 0, x, alpha * xp.expm1(xp.clip(x, None, 0)))


def sigmoid(x):
    """Return 1 / (1 + exp(-x)), with x clipped to -80..80."""
    xp = array_module(x)
    return 1 / (1 + xp.exp(-xp.clip(x, -80, 80)))


def softmax(x):
    """Return exp(x) / sum exp(x) over the features of x [batch, features]."""
    xp = array_module(x)
    e = xp.exp(x - xp.amax(x, axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def l2_normalisation(x, energy=1.0):
    """Scale each row of x [batch, features] to the squared norm `energy`."""
    return x * (energy / (x * x).sum(axis=1, keepdims=True)) ** 0.5


def average_power_normalisation(x, scale=None, energy=1.0):
    """Scale a codebook to the mean squared norm `energy` [gan, Sec. II-A].

    In training the batch is the whole codebook, and the scale is computed from it. At
    export the scale is frozen as a parameter, so that the output for one row no longer
    depends on the other rows.

    Args:
        x: [batch, features].
        scale: frozen factor, [1]; None: compute it from this batch.
        energy: mean squared norm after scaling.
    """
    if scale is None:
        scale = (energy / (x * x).sum(axis=1).mean()) ** 0.5
    return x * scale


def flatten(x):
    """Return x as [batch, product of the features], in C order."""
    return x.reshape(x.shape[0], -1)


def reshape(x, shape):
    """Return x as [batch, *shape], in C order."""
    return x.reshape(x.shape[0], *(int(extent) for extent in shape))


def sorted_magnitudes(x):
    """Return |x| [batch, features] with each row sorted in ascending order.

    A random signed permutation of the features does not change the result.
    """
    if isinstance(x, np.ndarray):
        return np.sort(np.abs(x), axis=1)
    return array_module(x).sort(x.abs(), dim=1).values


def root_mean_square(x):
    """Return the root mean square of each row of x [batch, features] in all features.

    A rotation of the features does not change the result.
    """
    return 0 * x + (x * x).mean(1)[:, None] ** 0.5


def layer_normalisation(x, scale, shift, epsilon=1e-5):
    """Return x with mean 0 and variance 1 over its last axis, scaled and shifted.

    Args:
        x: [..., features].
        scale: [features].
        shift: [features].
        epsilon: added to the variance.
    """
    centered = x - x.mean(axis=-1, keepdims=True)
    variance = (centered * centered).mean(axis=-1, keepdims=True)
    return centered / (variance + epsilon) ** 0.5 * scale + shift


def self_attention(x, query, key, value, output, scale, shift):
    """Return x plus one-head self-attention over its normalized tokens.

    Source: A. Vaswani et al., "Attention is all you need", 2017, with the
    normalization before the attention.

    Args:
        x: [batch, tokens, width].
        query: [width, width].
        key: [width, width].
        value: [width, width].
        output: [width, width].
        scale: scale of the normalization, [width].
        shift: shift of the normalization, [width].
    """
    xp = array_module(x)
    z = layer_normalisation(x, scale, shift)
    score = (z @ query.T) @ xp.swapaxes(z @ key.T, 1, 2) / x.shape[2] ** 0.5
    e = xp.exp(score - xp.amax(score, axis=2, keepdims=True))
    weight = e / e.sum(axis=2, keepdims=True)
    return x + (weight @ (z @ value.T)) @ output.T


def feed_forward(x, inner, inner_bias, outer, outer_bias, scale, shift):
    """Return x plus a network with one hidden ReLU layer of each normalized token.

    Args:
        x: [batch, tokens, width].
        inner: [hidden, width].
        inner_bias: [hidden].
        outer: [width, hidden].
        outer_bias: [width].
        scale: scale of the normalization, [width].
        shift: shift of the normalization, [width].
    """
    z = layer_normalisation(x, scale, shift)
    return x + relu(z @ inner.T + inner_bias) @ outer.T + outer_bias


def token_embedding(x, weight, position):
    """Return one token per feature: the feature times a vector, plus its position.

    Args:
        x: [batch, features].
        weight: vector that each feature multiplies, [width].
        position: vector that encodes the position of each feature, [features, width].
    """
    return x[:, :, None] * weight + position


# The closed set of layers that a model file may name: the public functions above.
LAYERS = {
    name: function
    for name, function in list(globals().items())
    if inspect.isfunction(function)
    and function.__module__ == __name__
    and function is not array_module
    and not name.startswith("_")
}
