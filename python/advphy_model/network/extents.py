# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrays without values, from which the shapes of a network's layers are computed.

Layers are run on them as on other arrays, but nothing is allocated and nothing is
multiplied, so that a model file cannot make its reader do so.
"""

import math

import numpy as np

from advphy_model.file_gate import require_within

_ZERO = np.zeros((), np.float32)


class Extents(np.ndarray):
    """An array whose values all share the memory of one zero.

    Functions of numpy that would allocate their result return Extents of its shape.
    Raises ValueError if shapes do not fit; FileError beyond the limits of file_gate.
    """

    def __new__(cls, shape):
        """Return an array of a shape, which counts as a step."""
        cls.steps += 1
        require_within("steps", cls.steps)
        require_within("axes", len(shape))
        require_within("values", size := math.prod(shape))
        if size < 1:
            raise ValueError(f"there is no value in an array of shape {shape}")
        cls.widest = max(cls.widest, size)
        zeros = (0,) * len(shape)
        return super().__new__(cls, shape, np.float32, _ZERO, strides=zeros)

    def __array_ufunc__(self, ufunc, method, *x, axis=0, keepdims=False, **_):
        if method == "reduce":
            return type(self)(_reduced(x[0].shape, axis, keepdims))
        of = _product if ufunc is np.matmul else np.broadcast_shapes
        return type(self)(of(*map(np.shape, x)))

    def __array_function__(self, function, types, args, kwargs):
        if function not in _SHAPES:  # by way of others, or one of a layer of the user's
            return super().__array_function__(function, types, args, kwargs)
        return type(self)(tuple(map(int, _SHAPES[function](*args, **kwargs))))


def counted() -> type:
    """Return a kind of Extents with its number of `steps` and the `widest` size."""
    return type("Extents", (Extents,), {"steps": 0, "widest": 0})


def _reduced(shape, axis, keepdims):
    axes = range(len(shape)) if axis is None else np.atleast_1d(axis).tolist()
    gone = {_axis(each, shape) for each in axes}
    if keepdims:
        return tuple(1 if i in gone else size for i, size in enumerate(shape))
    return tuple(size for i, size in enumerate(shape) if i not in gone)


def _axis(axis, shape):
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"there is no axis {axis} in shape {shape}")
    return axis % len(shape)


def _product(one, other):
    if not one or not other or one[-1] != (other[-2:] or (0,))[0]:
        raise ValueError(f"shapes {one} and {other} cannot be multiplied")
    batches = np.broadcast_shapes(one[:-2], other[:-2])
    return (*batches, *one[-2:-1], *(other[-1:] if len(other) > 1 else ()))


def _padded(x, pairs, constant_values=0):
    if np.min(pairs, initial=0) < 0 or len(pairs) != x.ndim:
        raise ValueError(f"padding {pairs} of shape {x.shape} cannot be")
    return (size + sum(pair) for size, pair in zip(x.shape, pairs, strict=True))


def _taken(x, indices, axis):
    axis = _axis(axis, x.shape)
    picked = np.take(np.broadcast_to(False, x.shape[axis]), indices).shape
    return (*x.shape[:axis], *picked, *x.shape[axis + 1 :])


def _joined(parts, axis):
    axis = _axis(axis, parts[0].shape)
    rests = {(*part.shape[:axis], *part.shape[axis + 1 :]) for part in parts}
    if len(rests) > 1:
        raise ValueError(f"shapes {[part.shape for part in parts]} cannot be joined")
    sizes = (part.shape[axis] for part in parts)
    return (*parts[0].shape[:axis], sum(sizes), *parts[0].shape[axis + 1 :])


def _contracted(subscripts, *x):
    given, result = subscripts.split("->")
    sizes = {}
    for names, array in zip(given.split(","), x, strict=True):
        for name, size in zip(names, array.shape, strict=True):
            if sizes.setdefault(name, size) != size:
                raise ValueError(f"shapes {[a.shape for a in x]} cannot be multiplied")
    return (sizes[name] for name in result)


def _expanded(x, shape):
    if np.broadcast_shapes(x.shape, shape) != tuple(shape):
        raise ValueError(f"shape {x.shape} cannot be repeated to {shape}")
    return shape


# Functions of numpy that allocate, with the shapes of their results.
_SHAPES = {
    np.pad: _padded,
    np.take: _taken,
    np.concatenate: _joined,
    np.einsum: _contracted,
    np.broadcast_to: _expanded,
    np.where: lambda *x: np.broadcast_shapes(*map(np.shape, x)),
    np.sort: lambda x, axis=-1: x.shape,
    np.ones_like: lambda x: x.shape,
}
