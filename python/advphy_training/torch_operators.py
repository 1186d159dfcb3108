# SPDX-License-Identifier: GPL-3.0-or-later
"""What torch's operators are in a network.

Each is a function (Builder, shape of its result, *arguments) -> value; a value is an
array, or the name of a layer that depends on the input.
"""

import numpy as np
import torch
from advphy_model.network.layers import LAYERS

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
    return lambda b, shape, *x: b.apply(kind, *x)


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


def _reduced(kind):
    def operator(b, shape, x, axes=None, keepdim=False):
        return b.apply(kind, x, axes=_axes(b, x, axes), keepdims=bool(keepdim))

    return operator


def _axes(b, x, axes):
    rank = len(b.shape(x))
    if axes is None or axes == []:
        return list(range(rank))
    return [int(axis) % rank for axis in np.atleast_1d(axes)]


def _aten_var(b, shape, x, axes=None, correction=1, keepdim=False):
    axes = _axes(b, x, axes)
    middle = b.apply("mean", x, axes=axes, keepdims=True)
    apart = b.arithmetic("subtract", x, middle)
    squares = b.apply("multiply", apart, apart)
    count = int(np.prod([b.shape(x)[axis] for axis in axes]))
    summed = b.apply("total", squares, axes=axes, keepdims=bool(keepdim))
    return b.arithmetic("divide", summed, max(count - correction, 0))


def _aten_elu(b, shape, x, alpha=1.0, scale=1.0, input_scale=1.0):
    if input_scale != 1:
        raise ValueError(f"layer '{b.at}': an ELU with an input scale is not known")
    y = b.apply("elu", x, alpha=float(alpha))
    return y if scale == 1 else b.arithmetic("multiply", y, scale)


def _aten_clamp(b, shape, x, low=None, high=None):
    limits = {"low": low, "high": high}
    if any(isinstance(v, str) or np.size(v) > 1 for v in limits.values()):
        raise ValueError(f"layer '{b.at}': limits that are tensors are not known")
    return b.apply(
        "clip", x, **{k: float(v) for k, v in limits.items() if v is not None}
    )


def _aten_convolution(
    b, shape, x, weight, bias, stride, padding, dilation, transposed, more, groups
):
    weight = np.asarray(weight, np.float32)
    axes = weight.ndim - 2
    if axes not in (1, 2):
        raise ValueError(f"layer '{b.at}': a convolution over {axes} axes")
    sides = [side for p in padding for side in (p, p)]
    if transposed:  # is a convolution of the input with zeros between its values
        over = tuple(range(2, weight.ndim))
        parts = np.split(weight, groups)
        weight = np.concatenate([np.flip(p.swapaxes(0, 1), over) for p in parts])
        if any(step != 1 for step in stride):
            x = b.apply("zero_stuffing", x, stride=list(map(int, stride)))
        for i, taps in enumerate(weight.shape[2:]):
            rest = dilation[i] * (taps - 1) - padding[i]
            sides[2 * i : 2 * i + 2] = rest, rest + more[i]
        x = _padded(b, x, [0] * 4 + [min(side, 0) for side in sides])
        sides, stride = [max(side, 0) for side in sides], [1] * axes
    if any(step != 1 for step in dilation):
        weight = LAYERS["zero_stuffing"](weight, dilation)
    weight = _ungrouped(weight, groups)
    bias = np.zeros(len(weight)) if bias is None else bias
    how = {"padding": list(map(int, sides)), "stride": list(map(int, stride))}
    return b.apply(f"conv{axes}d", x, weight, bias, **how)


def _ungrouped(weight, groups):
    """Return the weight of a convolution that mixes all channels."""
    each, inside = len(weight) // groups, weight.shape[1]
    whole = np.zeros((len(weight), inside * groups, *weight.shape[2:]), np.float32)
    for g in range(groups):
        rows = slice(g * each, (g + 1) * each)
        whole[rows, g * inside : (g + 1) * inside] = weight[rows]
    return whole


def _padded(b, x, sides, value=0.0):
    """Return x with values around it on each axis; negative sides: without some."""
    for axis, (before, after) in enumerate(zip(sides[::2], sides[1::2], strict=True)):
        size = b.shape(x)[axis]
        x = b.pick(x, axis, range(max(-before, 0), size + min(after, 0)))
    sides = [max(int(side), 0) for side in sides]
    return b.apply("pad", x, padding=sides, value=value) if any(sides) else x


def _aten_constant_pad_nd(b, shape, x, sides, value=0.0):
    pairs = [0] * (2 * len(shape) - len(sides))
    backwards = np.reshape(sides, (-1, 2))[::-1].ravel().tolist()
    return _padded(b, x, pairs + backwards, float(value))


def _product(b, x, y, bias=None):
    """Return a product of matrices plus a bias, as a dense layer if it can be one."""
    if not isinstance(y, str):
        y = np.asarray(y)
        while y.ndim > 2 and (y == y[:1]).all():
            y = y[0]
        if isinstance(x, str) and len(b.shape(x)) == 2 and y.ndim == 2:
            rows = np.zeros(y.shape[1]) if bias is None else bias
            if not isinstance(rows, str) and np.size(rows) == y.shape[1]:
                return b.apply("dense", x, y.T, np.reshape(rows, -1))
    y = b.apply("matrix_product", x, y)
    return y if bias is None else b.apply("add", y, bias)


def _aten_addmm(b, shape, bias, x, y, beta=1, alpha=1):
    if (beta, alpha) != (1, 1):
        raise ValueError(f"layer '{b.at}': addmm with factors is not known")
    return _product(b, x, y, bias)


def _normalized(b, x, axes, epsilon):
    """Return a value with mean 0 and variance 1 over axes."""
    middle = b.apply("mean", x, axes=axes, keepdims=True)
    x = b.arithmetic("subtract", x, middle)
    squares = b.apply("multiply", x, x)
    variance = b.apply("mean", squares, axes=axes, keepdims=True)
    deviation = b.apply("sqrt", b.apply("add", variance, epsilon))
    return b.arithmetic("divide", x, deviation)


def _affine(b, x, scale, shift):
    """Return a value scaled and shifted; None: by nothing."""
    x = x if scale is None else b.apply("multiply", x, scale)
    return x if shift is None else b.apply("add", x, shift)


def _of_channels(b, x, scale, shift):
    """Return a value [batch, channels, ...] scaled and shifted for each channel."""
    each = (-1,) + (1,) * (len(b.shape(x)) - 2)
    both = (None if v is None else np.reshape(v, each) for v in (scale, shift))
    return (_affine(b, x, *both), None, None)


def _batch_norm(b, shape, x, scale, shift, mean, variance, momentum, epsilon):
    gain = 1 / np.sqrt(np.asarray(variance, float) + epsilon)
    gain = gain if scale is None else gain * np.asarray(scale)
    offset = -gain * np.asarray(mean)
    offset = offset if shift is None else offset + np.asarray(shift)
    return _of_channels(b, x, gain, offset)


def _instance_norm(b, shape, x, scale, shift, training, momentum, epsilon):
    axes = [axis for axis in range(len(b.shape(x))) if axis != 1]
    return _of_channels(b, _normalized(b, x, axes, epsilon), scale, shift)


def _group_norm(b, shape, x, scale, shift, count, channels, size, groups, epsilon):
    whole = b.shape(x)
    y = b.view(x, (whole[0], groups, channels // groups * size))
    y = b.view(_normalized(b, y, [2], epsilon), whole)
    return _of_channels(b, y, scale, shift)


def _aten_native_layer_norm(b, shape, x, sizes, scale, shift, epsilon):
    rank, size = len(b.shape(x)), b.shape(x)[-1:]
    constant = not isinstance(scale, str) and not isinstance(shift, str)
    if constant and len(sizes) == 1:
        scale = np.ones(size) if scale is None else np.broadcast_to(scale, size)
        shift = np.zeros(size) if shift is None else np.broadcast_to(shift, size)
        how = {"epsilon": float(epsilon)}
        return (b.apply("layer_normalisation", x, scale, shift, **how), None, None)
    axes = list(range(rank - len(sizes), rank))
    y = _normalized(b, x, axes, epsilon)
    return (_affine(b, y, scale, shift), None, None)


def _aten_transpose(b, shape, x, one, other):
    axes = list(range(len(shape)))
    axes[one], axes[other] = axes[other], axes[one]
    return b.permute(x, axes)


def _aten_expand(b, shape, x, *_, **__):
    if b.shape(x) == shape:
        return x
    return b.apply("expand", x, shape=[int(size) for size in shape])


def _aten_slice(b, shape, x, axis=0, start=None, end=None, step=1):
    size = b.shape(x)[axis]
    return b.pick(x, axis, range(size)[slice(start, end, step)])


def _aten_split_with_sizes(b, shape, x, sizes, axis=0):
    size = b.shape(x)[axis]
    if isinstance(sizes, int):
        sizes = [min(sizes, size - at) for at in range(0, size, sizes)]
    ends = np.cumsum(sizes)
    return tuple(
        b.pick(x, axis, range(end - n, end)) for n, end in zip(sizes, ends, strict=True)
    )


def _aten_index(b, shape, x, indices):
    chosen = [(axis, i) for axis, i in enumerate(indices) if i is not None]
    if len(chosen) != 1 or np.ndim(chosen[0][1]) != 1:
        raise ValueError(f"layer '{b.at}': this way to index is not known")
    return _aten_index_select(b, shape, x, *chosen[0])


def _aten_index_select(b, shape, x, axis, index):
    if isinstance(index, str):
        raise ValueError(f"layer '{b.at}': an index depends on the input")
    return b.pick(x, axis, np.asarray(index).tolist())


def _aten_flip(b, shape, x, axes):
    for axis in axes:
        x = b.pick(x, axis, range(b.shape(x)[axis])[::-1])
    return x


def _aten_slice_scatter(b, shape, x, source, axis=0, start=None, end=None, step=1):
    size = shape[axis]
    places = range(size)[slice(start, end, step)]
    if step != 1:
        raise ValueError(f"layer '{b.at}': slices with a step are not replaced")
    parts = [b.pick(x, axis, range(places.start)), source]
    parts.append(b.pick(x, axis, range(places.stop, size)))
    parts = [part for part in parts if b.shape(part)[axis]]
    return parts[0] if len(parts) == 1 else b.apply("concatenation", *parts, axis=axis)


def _aten_softplus(b, shape, x, beta=1.0, threshold=20.0):
    if beta * threshold < 15 and threshold < 15:
        raise ValueError(f"layer '{b.at}': a softplus with a threshold is not known")
    if beta == 1:
        return b.apply("softplus", x)
    y = b.apply("softplus", b.arithmetic("multiply", x, beta))
    return b.arithmetic("divide", y, beta)


def _aten_where(b, shape, condition, x, y):
    if not isinstance(condition, str) and not np.any(condition):
        return y
    return b.apply("choice", condition, x, y)


OPERATORS = {
    name: _layer(name)
    for name in "relu sigmoid silu tanh exp expm1 log log1p sqrt sin cos erf maximum "
    "minimum".split()
}
OPERATORS |= dict.fromkeys(
    "clone alias detach contiguous _to_copy lift_fresh_copy dropout".split(),
    lambda b, shape, x, *_, **__: x,
)
OPERATORS |= {
    kind[:3]: _arithmetic(kind) for kind in ("add", "subtract", "multiply", "divide")
}
OPERATORS |= {
    "abs": _layer("absolute"),
    "neg": lambda b, shape, x: b.arithmetic("multiply", x, -1.0),
    "reciprocal": lambda b, shape, x: b.apply("divide", 1.0, x),
    "rsqrt": lambda b, shape, x: b.apply("divide", 1.0, b.apply("sqrt", x)),
    "pow": _layer("power"),
    "gt": _compared(True, False),
    "ge": _compared(True, True),
    "lt": _compared(True, False, swapped=True),
    "le": _compared(True, True, swapped=True),
    "eq": _compared(False, True),
    "ne": lambda b, shape, x, y: b.apply("equal", b.apply("equal", x, y), 0.0),
    "logical_not": lambda b, shape, x: b.apply("equal", x, 0.0),
    "leaky_relu": lambda b, shape, x, slope=0.01: b.apply(
        "leaky_relu", x, slope=float(slope)
    ),
    "gelu": lambda b, shape, x, approximate="none": b.apply(
        "gelu", x, tangent=approximate == "tanh"
    ),
    "_softmax": lambda b, shape, x, axis, *_: b.apply(
        "softmax", x, axis=axis % len(shape)
    ),
    "mean": _reduced("mean"),
    "sum": _reduced("total"),
    "amax": _reduced("largest"),
    "any": _reduced("largest"),
    **dict.fromkeys(
        "view _unsafe_view reshape unsqueeze squeeze".split(),
        lambda b, shape, x, *_: b.view(x, shape),
    ),
    "permute": lambda b, shape, x, axes: b.permute(x, axes),
    "select": lambda b, shape, x, axis, index: b.view(b.pick(x, axis, [index]), shape),
    "split": _aten_split_with_sizes,
    "getitem": lambda b, shape, parts, which: parts[which],
    "cat": lambda b, shape, parts, axis=0: b.apply(
        "concatenation", *parts, axis=axis % len(shape)
    ),
    "copy": lambda b, shape, x, source, *_: _aten_expand(b, shape, source),
    "_prelu_kernel": lambda b, shape, x, slope: b.apply("leaky_relu", x, slope),
    "full_like": lambda b, shape, x, value, **_: np.full(shape, value, np.float32),
    "zeros_like": lambda b, shape, x, **_: np.zeros(shape, np.float32),
    "ones_like": lambda b, shape, x, **_: np.ones(shape, np.float32),
    "native_group_norm": _group_norm,
    "_native_batch_norm_legit": _instance_norm,
    "_native_batch_norm_legit_no_training": _batch_norm,
    "mm": lambda b, shape, x, y: _product(b, x, y),
    "bmm": lambda b, shape, x, y: _product(b, x, y),
}
# A function _aten_NAME is the operator NAME.
OPERATORS |= {
    name.removeprefix("_aten_"): function
    for name, function in list(globals().items())
    if name.startswith("_aten_")
}
