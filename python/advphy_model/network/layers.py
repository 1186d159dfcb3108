# SPDX-License-Identifier: GPL-3.0-or-later
"""All kinds of layers, each a function of numpy or torch arrays.

A layer takes a batch x of shape [batch, *features] and returns a batch. Its other
arguments are parameters (arrays), outputs of further layers, and attributes (numbers)
that a model file names. In between, the batch may be on another axis: where a size
depends on it, -1 stands for that size.
The kernels (lib/network, inference.py) compute the same; numpy is the reference.
"""

import inspect
import operator
import sys

import numpy as np


def array_module(x):
    """Return the module of the array x, numpy or torch."""
    return np if isinstance(x, np.ndarray) else sys.modules["torch"]


def dense(x, weight, bias):
    """Return x W^T + b of x [batch, in], weight [out, in] and bias [out]."""
    return x @ weight.T + bias


def conv1d(x, weight, bias, padding=(0, 0), stride=(1,)):
    """Return the cross-correlation of x with each filter, as torch's Conv1d does.

    x is [batch, channels, length], weight [filters, channels, taps], bias [filters];
    padding: zeros on the left and right; stride: a tuple of the step between outputs.
    """
    y = conv2d(
        x[:, :, None, :], weight[:, :, None, :], bias, (0, 0, *padding), (1, *stride)
    )
    return y[:, :, 0, :]


def conv2d(x, weight, bias, padding=(0, 0, 0, 0), stride=(1, 1)):
    """Return the cross-correlation of x with each filter, as torch's Conv2d does.

    x is [batch, channels, height, width], weight [filters, channels, rows, columns],
    bias [filters]; padding: zeros at the top, bottom, left and right; stride: the steps
    down and to the right.
    """
    x = pad(x, (0, 0, 0, 0, *padding))
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


def zero_stuffing(x, stride):
    """Return x [batch, channels, ...] with stride - 1 zeros after each value but last.

    A convolution of it is a transposed convolution. The stride has one whole number for
    each axis after the channels.
    """
    for axis, step in enumerate(map(int, stride), 2):
        front, size, back = x.shape[:axis], x.shape[axis], x.shape[axis + 1 :]
        x = x.reshape(*front, size, 1, *back)
        sides = [0] * (2 * axis + 3) + [step - 1] + [0] * (2 * len(back))
        x = pad(x, sides).reshape(*front, size * step, *back)
        x = pick(x, axis, range(size * step - step + 1))
    return x


def relu(x):
    """Return max(x, 0)."""
    return np.maximum(x, 0) if isinstance(x, np.ndarray) else x.relu()


def leaky_relu(x, slope=0.01):
    """Return x where it is positive and slope x elsewhere; slope may be an array."""
    return array_module(x).where(x > 0, x, slope * x)


def elu(x, alpha=1.0):
    """Return x where it is positive and alpha (exp(x) - 1) elsewhere."""
    xp = array_module(x)
    return xp.where(x > 0, x, alpha * xp.expm1(xp.clip(x, None, 0)))


def sigmoid(x):
    """Return 1 / (1 + exp(-x)), with x clipped to -80..80."""
    xp = array_module(x)
    return 1 / (1 + xp.exp(-xp.clip(x, -80, 80)))


def silu(x):
    """Return x / (1 + exp(-x))."""
    return x * sigmoid(x)


def gelu(x, tangent=False):
    """Return x times the normal distribution function of x.

    Source: D. Hendrycks, K. Gimpel, "Gaussian error linear units", 2016.

    With `tangent` it is the source's approximation by a hyperbolic tangent.
    """
    if tangent:
        return x * sigmoid(1.5957691216057308 * (x + 0.044715 * x**3))
    return x * 0.5 * (1 + erf(x * 0.7071067811865476))


def erf(x):
    """Return the error function of x."""
    if not isinstance(x, np.ndarray):
        return array_module(x).erf(x)
    from scipy.special import erf

    return erf(x)


def softplus(x):
    """Return log(1 + exp(x))."""
    return array_module(x).clip(x, 0, None) + log1p(exp(-abs(x)))


def softmax(x, axis=1):
    """Return exp(x) / sum exp(x) over an axis."""
    xp = array_module(x)
    e = xp.exp(x - xp.amax(x, axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def clip(x, low=None, high=None):
    """Return x within low..high; None: no limit."""
    return array_module(x).clip(x, low, high)


def _of_each(name):
    """Return the layer that applies a function of numpy and torch to each value."""

    def layer(x):
        return getattr(array_module(x), name)(x)

    layer.__doc__ = f"Return {name}(x) of each value."
    return layer


exp, expm1, log, log1p, sqrt, absolute, tanh, sin, cos = map(
    _of_each, "exp expm1 log log1p sqrt abs tanh sin cos".split()
)


def _of_two(name):
    """Return the layer of two arrays, whose shapes broadcast, by an operator's name."""

    def layer(x, y):
        return getattr(operator, name)(x, y)

    layer.__doc__ = getattr(operator, name).__doc__
    return layer


add, subtract, multiply, divide, power, matrix_product = map(
    _of_two, "add sub mul truediv pow matmul".split()
)


def maximum(x, y):
    """Return the larger of x and y."""
    return array_module(x).maximum(x, y)


def minimum(x, y):
    """Return the smaller of x and y."""
    return array_module(x).minimum(x, y)


def greater(x, y):
    """Return 1 where x > y, otherwise 0."""
    return 0 * x + (x > y)


def equal(x, y):
    """Return 1 where x = y, otherwise 0."""
    return (x == y) * array_module(x).ones_like(x)


def choice(condition, x, y):
    """Return x where the condition is not 0, and y elsewhere."""
    return array_module(condition).where(condition != 0, x, y)


def mean(x, axes, keepdims=False):
    """Return the mean over axes."""
    return x.mean(tuple(map(int, axes)), keepdims=bool(keepdims))


def total(x, axes, keepdims=False):
    """Return the sum over axes."""
    return x.sum(tuple(map(int, axes)), keepdims=bool(keepdims))


def largest(x, axes, keepdims=False):
    """Return the largest value over axes."""
    axes = tuple(map(int, axes))
    return array_module(x).amax(x, axes, keepdims=bool(keepdims))


def permute(x, axes):
    """Return x with its axes in another order."""
    axes = tuple(map(int, axes))
    return x.transpose(axes) if isinstance(x, np.ndarray) else x.permute(axes)


def view(x, shape):
    """Return x in another shape, in C order; one size may be -1."""
    return x.reshape(tuple(map(int, shape)))


def expand(x, shape):
    """Return x repeated along axes of size 1 to a shape; -1 keeps a size."""
    own = (1,) * (len(shape) - len(x.shape)) + tuple(x.shape)
    sizes = [n if s == -1 else int(s) for n, s in zip(own, shape, strict=True)]
    return array_module(x).broadcast_to(x, tuple(sizes))


def pick(x, axis, indices):
    """Return some parts of x along an axis, in the order of the indices."""
    axis, indices = int(axis), [int(i) for i in indices]
    if isinstance(x, np.ndarray):
        return np.take(x, indices, axis)
    return x.index_select(axis, array_module(x).tensor(indices))


def constant(x, value):
    """Return a value whatever x is; its batch has one item, which stands for each."""
    return value


def concatenation(*x, axis=1):
    """Return arrays after one another along an axis; others of size 1 are repeated."""
    xp, axis = array_module(x[0]), int(axis)
    most = [max(sizes) for sizes in zip(*(part.shape for part in x), strict=True)]
    parts = []
    for part in x:
        shape = [*most[:axis], part.shape[axis], *most[axis + 1 :]]
        parts.append(xp.broadcast_to(part, tuple(shape)))
    return xp.concatenate(parts, axis)


def pad(x, padding, value=0.0):
    """Return x with a value around it; padding: before and after on each axis."""
    pairs = [tuple(map(int, padding[i : i + 2])) for i in range(0, len(padding), 2)]
    if isinstance(x, np.ndarray):
        return np.pad(x, pairs, constant_values=value)
    backwards = [count for pair in reversed(pairs) for count in pair]
    return array_module(x).nn.functional.pad(x, backwards, value=value)


def l2_normalisation(x, energy=1.0):
    """Scale each row of x [batch, features] to the squared norm `energy`."""
    return x * (energy / (x * x).sum(axis=1, keepdims=True)) ** 0.5


def average_power_normalisation(x, scale=None, energy=1.0):
    """Scale a codebook to the mean squared norm `energy` [gan, Sec. II-A].

    In training the batch is the whole codebook, and the scale is computed from it. At
    export the scale is frozen as a parameter, so that the output for one row no longer
    depends on the other rows. x is [batch, features], scale the frozen factor [1], or
    None: compute it from this batch.
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

    x is [..., features], scale and shift [features]; epsilon is added to the variance.
    """
    centered = x - x.mean(axis=-1, keepdims=True)
    variance = (centered * centered).mean(axis=-1, keepdims=True)
    return centered / (variance + epsilon) ** 0.5 * scale + shift


def self_attention(x, query, key, value, output, scale, shift):
    """Return x plus one-head self-attention over its normalized tokens.

    Source: A. Vaswani et al., "Attention is all you need", 2017, with the
    normalization before the attention. x is [batch, tokens, width]; query, key, value
    and output are [width, width], scale and shift of the normalization [width].
    """
    xp = array_module(x)
    z = layer_normalisation(x, scale, shift)
    score = (z @ query.T) @ xp.swapaxes(z @ key.T, 1, 2) / x.shape[2] ** 0.5
    return x + (softmax(score, axis=2) @ (z @ value.T)) @ output.T


def feed_forward(x, inner, inner_bias, outer, outer_bias, scale, shift):
    """Return x plus a network with one hidden ReLU layer of each normalized token.

    x is [batch, tokens, width], inner [hidden, width], inner_bias [hidden], outer
    [width, hidden], outer_bias [width]; scale and shift of the normalization [width].
    """
    z = layer_normalisation(x, scale, shift)
    return x + relu(z @ inner.T + inner_bias) @ outer.T + outer_bias


def token_embedding(x, weight, position):
    """Return one token per feature: the feature times a vector, plus its position.

    x is [batch, features]. Each feature multiplies the weight [width]; the position
    [features, width] is added.
    """
    return x[:, :, None] * weight + position


# The layers that a model file may name: the public functions above. network.py adds the
# user's own.
LAYERS = {
    name: function
    for name, function in list(globals().items())
    if inspect.isfunction(function)
    and function.__module__ == __name__
    and function is not array_module
    and not name.startswith("_")
}
