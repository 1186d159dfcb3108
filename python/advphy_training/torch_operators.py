# SPDX-License-Identifier: GPL-3.0-or-later
"""What torch's operators are in a network.

Each is a function (Builder, shape of its result, *arguments) -> value; a value is an
array, or the name of a layer that depends on the input.
"""

import numpy as np
import torch

_ATEN = torch.ops.aten


def decompositions() -> dict:
    """Return torch's table of operators that are taken apart into others."""
    table = torch.export.default_decompositions()
    for kept in (_ATEN.silu, _ATEN.softplus, _ATEN._prelu_kernel):
        table.pop(kept.default, None)
    apart = [_ATEN._log_softmax, _ATEN.linalg_vector_norm, _ATEN.hardtanh]
    table.update(torch._decomp.get_decompositions(apart))
    return table


def _layer(kind):
    return lambda b, shape, x: b.apply(kind, x)


def _same(b, shape, x, *_, **__):
    return x


def _arithmetic(kind):
    def operator(b, shape, x, y, alpha=1, rounding_mode=None):
        if rounding_mode is not None:
            raise ValueError(f"layer '{b.at}': a division that rounds is not known")
        y = y if alpha == 1 else b.arithmetic("multiply", y, alpha)
        return b.arithmetic(kind, x, y)

    return operator


def _compared(greater, equal, swapped=False):
    """Return the operator that is 1 where one of two values is greater, or equal."""

    def operator(b, shape, x, y):
        if not isinstance(y, str) and np.isinf(y).all():  # no finite x is
            above = (np.max(y) < 0) != swapped
            return np.full(shape, greater and above, np.float32)
        x, y = (y, x) if swapped else (x, y)
        found = []
        if greater:
            found.append(b.apply("greater", x, y))
        if equal:
            found.append(b.apply("equal", x, y))
        return found[0] if len(found) == 1 else b.apply("maximum", *found)

    return operator


def _not(b, shape, x):
    return b.apply("equal", x, 0.0)


def _reduced(kind):
    def operator(b, shape, x, axes=None, keepdim=False):
        return b.apply(kind, x, axes=_axes(b, x, axes), keepdims=bool(keepdim))

    return operator


def _axes(b, x, axes):
    rank = len(b.shape(x))
    if axes is None or axes == []:
        return list(range(rank))
    return [int(axis) % rank for axis in np.atleast_1d(axes)]


def _variance(b, shape, x, axes=None, correction=1, keepdim=False):
    axes = _axes(b, x, axes)
    middle = b.apply("mean", x, axes=axes, keepdims=True)
    apart = b.arithmetic("subtract", x, middle)
    squares = b.apply("multiply", apart, apart)
    count = int(np.prod([b.shape(x)[axis] for axis in axes]))
    summed = b.apply("total", squares, axes=axes, keepdims=bool(keepdim))
    return b.arithmetic("divide", summed, max(count - correction, 0))


def _softmax(b, shape, x, axis, *_):
    return b.apply("softmax", x, axis=axis % len(shape))


def _elu(b, shape, x, alpha=1.0, scale=1.0, input_scale=1.0):
    if input_scale != 1:
        raise ValueError(f"layer '{b.at}': an ELU with an input scale is not known")
    y = b.apply("elu", x, alpha=float(alpha))
    return y if scale == 1 else b.arithmetic("multiply", y, scale)


def _gelu(b, shape, x, approximate="none"):
    return b.apply("gelu", x, tangent=approximate == "tanh")


def _leaky_relu(b, shape, x, slope=0.01):
    return b.apply("leaky_relu", x, slope=float(slope))


def _clip(b, shape, x, low=None, high=None):
    limits = {"low": low, "high": high}
    if any(isinstance(v, str) or np.size(v) > 1 for v in limits.values()):
        raise ValueError(f"layer '{b.at}': limits that are tensors are not known")
    return b.apply(
        "clip", x, **{k: float(v) for k, v in limits.items() if v is not None}
    )


def _convolution(
    b, shape, x, weight, bias, stride, padding, dilation, transposed, more, groups
):
    both = [side for p in padding for side in (p, p)]
    if transposed:
        return b.transposed(x, weight, bias, stride, both, dilation, groups, more)
    return b.convolution(x, weight, bias, stride, both, dilation, groups)


def _batch_norm(b, shape, x, scale, shift, mean, variance, momentum, epsilon):
    gain = 1 / np.sqrt(np.asarray(variance, float) + epsilon)
    gain = gain if scale is None else gain * np.asarray(scale)
    offset = -gain * np.asarray(mean)
    offset = offset if shift is None else offset + np.asarray(shift)
    each = (-1,) + (1,) * (len(b.shape(x)) - 2)
    return (b.affine(x, gain.reshape(each), offset.reshape(each)), None, None)


def _instance_norm(b, shape, x, scale, shift, training, momentum, epsilon):
    axes = [axis for axis in range(len(b.shape(x))) if axis != 1]
    each = (-1,) + (1,) * (len(axes) - 1)
    scale, shift = (None if v is None else np.reshape(v, each) for v in (scale, shift))
    return (b.affine(b.normalized(x, axes, epsilon), scale, shift), None, None)


def _layer_norm(b, shape, x, sizes, scale, shift, epsilon):
    rank = len(b.shape(x))
    axes = list(range(rank - len(sizes), rank))
    return (b.layer_norm(x, axes, scale, shift, epsilon), None, None)


def _group_norm(b, shape, x, scale, shift, count, channels, size, groups, epsilon):
    whole = b.shape(x)
    y = b.view(x, (whole[0], groups, channels // groups * size))
    y = b.view(b.normalized(y, [2], epsilon), whole)
    each = (-1,) + (1,) * (len(whole) - 2)
    scale, shift = (
        None if value is None else np.reshape(value, each) for value in (scale, shift)
    )
    return (b.affine(y, scale, shift), None, None)


def _view(b, shape, x, *_):
    return b.view(x, shape)


def _permute(b, shape, x, axes):
    return b.permute(x, axes)


def _transpose(b, shape, x, one, other):
    axes = list(range(len(shape)))
    axes[one], axes[other] = axes[other], axes[one]
    return b.permute(x, axes)


def _expand(b, shape, x, *_, **__):
    if b.shape(x) == shape:
        return x
    return b.apply("expand", x, shape=[int(size) for size in shape])


def _slice(b, shape, x, axis=0, start=None, end=None, step=1):
    size = b.shape(x)[axis]
    return b.pick(x, axis, range(size)[slice(start, end, step)])


def _select(b, shape, x, axis, index):
    return b.view(b.pick(x, axis, [index]), shape)


def _split(b, shape, x, sizes, axis=0):
    size = b.shape(x)[axis]
    if isinstance(sizes, int):
        sizes = [min(sizes, size - at) for at in range(0, size, sizes)]
    ends = np.cumsum(sizes)
    return tuple(
        b.pick(x, axis, range(end - n, end)) for n, end in zip(sizes, ends, strict=True)
    )


def _index_select(b, shape, x, axis, index):
    return b.pick(x, axis, _constant(b, index))


def _index(b, shape, x, indices):
    chosen = [(axis, i) for axis, i in enumerate(indices) if i is not None]
    if len(chosen) != 1 or np.ndim(chosen[0][1]) != 1:
        raise ValueError(f"layer '{b.at}': this way to index is not known")
    ((axis, index),) = chosen
    return b.pick(x, axis, _constant(b, index))


def _constant(b, index):
    if isinstance(index, str):
        raise ValueError(f"layer '{b.at}': an index depends on the input")
    return np.asarray(index).tolist()


def _flip(b, shape, x, axes):
    for axis in axes:
        x = b.pick(x, axis, range(b.shape(x)[axis])[::-1])
    return x


def _cat(b, shape, parts, axis=0):
    return b.apply("concatenation", *parts, axis=axis % len(shape))


def _pad(b, shape, x, sides, value=0.0):
    pairs = [0] * (2 * len(shape) - len(sides))
    backwards = [sides[i : i + 2] for i in range(len(sides) - 2, -1, -2)]
    padding = [*pairs, *(int(side) for pair in backwards for side in pair)]
    return b.padded(x, padding, float(value))


def _scatter(b, shape, x, source, axis=0, start=None, end=None, step=1):
    size = shape[axis]
    places = range(size)[slice(start, end, step)]
    if step != 1:
        raise ValueError(f"layer '{b.at}': slices with a step are not replaced")
    parts = [b.pick(x, axis, range(places.start)), source]
    parts.append(b.pick(x, axis, range(places.stop, size)))
    parts = [part for part in parts if b.shape(part)[axis]]
    return parts[0] if len(parts) == 1 else b.apply("concatenation", *parts, axis=axis)


def _prelu(b, shape, x, slope):
    return b.apply("leaky_relu", x, slope)


def _softplus(b, shape, x, beta=1.0, threshold=20.0):
    if beta * threshold < 15 and threshold < 15:
        raise ValueError(f"layer '{b.at}': a softplus with a threshold is not known")
    if beta == 1:
        return b.apply("softplus", x)
    y = b.apply("softplus", b.arithmetic("multiply", x, beta))
    return b.arithmetic("divide", y, beta)


def _addmm(b, shape, bias, x, y, beta=1, alpha=1):
    if (beta, alpha) != (1, 1):
        raise ValueError(f"layer '{b.at}': addmm with factors is not known")
    return b.product(x, y, bias)


def _mm(b, shape, x, y):
    return b.product(x, y)


def _reciprocal(b, shape, x):
    return b.apply("divide", 1.0, x)


def _rsqrt(b, shape, x):
    return b.apply("divide", 1.0, b.apply("sqrt", x))


def _negative(b, shape, x):
    return b.arithmetic("multiply", x, -1.0)


def _where(b, shape, condition, x, y):
    if not isinstance(condition, str) and not np.any(condition):
        return y
    return b.apply("choice", condition, x, y)


def _part(b, shape, parts, which):
    return parts[which]


OPERATORS = {
    name: _layer(name)
    for name in "relu sigmoid silu tanh exp expm1 log log1p sqrt sin cos erf".split()
}
OPERATORS |= dict.fromkeys(
    "clone alias detach contiguous _to_copy lift_fresh_copy dropout".split(), _same
)
OPERATORS |= {
    kind[:3]: _arithmetic(kind) for kind in ("add", "subtract", "multiply", "divide")
}
OPERATORS |= {
    "abs": _layer("absolute"),
    "neg": _negative,
    "reciprocal": _reciprocal,
    "rsqrt": _rsqrt,
    "pow": lambda b, shape, x, y: b.apply("power", x, y),
    "maximum": lambda b, shape, x, y: b.apply("maximum", x, y),
    "minimum": lambda b, shape, x, y: b.apply("minimum", x, y),
    "gt": _compared(True, False),
    "ge": _compared(True, True),
    "lt": _compared(True, False, swapped=True),
    "le": _compared(True, True, swapped=True),
    "eq": _compared(False, True),
    "ne": lambda b, shape, x, y: _not(b, shape, b.apply("equal", x, y)),
    "logical_not": _not,
    "where": _where,
    "clamp": _clip,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "gelu": _gelu,
    "_softmax": _softmax,
    "mean": _reduced("mean"),
    "sum": _reduced("total"),
    "amax": _reduced("largest"),
    "any": _reduced("largest"),
    "var": _variance,
    "convolution": _convolution,
    "native_layer_norm": _layer_norm,
    "native_group_norm": _group_norm,
    **dict.fromkeys(("view", "_unsafe_view", "reshape", "unsqueeze", "squeeze"), _view),
    "permute": _permute,
    "transpose": _transpose,
    "expand": _expand,
    "slice": _slice,
    "select": _select,
    "split_with_sizes": _split,
    "split": _split,
    "getitem": _part,
    "index_select": _index_select,
    "index": _index,
    "flip": _flip,
    "cat": _cat,
    "constant_pad_nd": _pad,
    "slice_scatter": _scatter,
    "copy": lambda b, shape, x, source, *_: _expand(b, shape, source),
    "_prelu_kernel": _prelu,
    "softplus": _softplus,
    "full_like": lambda b, shape, x, value, **_: np.full(shape, value, np.float32),
    "zeros_like": lambda b, shape, x, **_: np.zeros(shape, np.float32),
    "ones_like": lambda b, shape, x, **_: np.ones(shape, np.float32),
    "_native_batch_norm_legit": _instance_norm,
    "_native_batch_norm_legit_no_training": _batch_norm,
    "addmm": _addmm,
    "mm": _mm,
    "bmm": _mm,
}
