# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of networks that other libraries compute: shapes, batches, agreement."""

import math

import numpy as np

from advphy_model.file_gate import FileError, require_within

TOLERANCE = 1e-5  # of the largest magnitude of an output
ROUNDED = 8  # times what a change of inputs in their last bit makes
LEAST = 1e-34  # above what subnormal numbers and the clipping in a sigmoid change


def item_shape(name, sizes) -> tuple:
    """Return the shape of an item of an ONNX model's input or output.

    Args:
        name: how an error text names it.
        sizes: size of each axis, not an int where it is free.

    Raises FileError unless the first axis alone is free, and the item within LIMITS.
    """
    if len(sizes) < 2 or not all(isinstance(n, int) and n > 0 for n in sizes[1:]):
        raise FileError(
            f"{name} has shape {sizes}; all but the first axis, the batch, must have "
            "a fixed size"
        )
    if isinstance(sizes[0], int):
        raise FileError(
            f"the first axis of {name} has the fixed size {sizes[0]}; export it with "
            "a dynamic batch axis"
        )
    require_within("imported", math.prod(sizes[1:]), name)
    return tuple(sizes[1:])


def unlike(found, expected, rounding=0.0):
    """Return in words how far outputs [items, ...] are apart, or None if they agree.

    Each output may differ by 1e-5 of its own largest magnitude in all items, so that a
    large one hides no error of a small one. An output that is small because large
    numbers cancel may differ by 8 times its `rounding`, an array of one item's shape,
    but never by more than 1e-5 of the largest output of all.
    """
    if np.shape(found) != np.shape(expected):
        return f"in its shape, {np.shape(found)} for {np.shape(expected)}"
    found, expected = np.atleast_1d(found), np.atleast_1d(expected)
    finite = np.isfinite(expected)
    if not np.array_equal(finite, np.isfinite(found)):
        return "in what is not finite"
    with np.errstate(all="ignore"):
        most = np.abs(expected).max(axis=0, initial=0, where=finite)
        apart = np.abs(found - expected).max(axis=0, initial=0, where=finite)
        allowed = np.maximum(TOLERANCE * most, np.maximum(ROUNDED * rounding, LEAST))
        beyond = apart - np.minimum(allowed, TOLERANCE * most.max(initial=0))
    if not (beyond > 0).any():
        return None
    at = np.argmax(beyond)
    return f"by {apart.flat[at]:.2g} in an output of at most {most.flat[at]:.2g}"


def unlike_original(found, original, x, expected):
    """Return what `unlike` does of outputs and those of a function, original(x).

    The rounding is how much they change when all inputs change in their last bit.
    """
    if not unlike(found, expected) or np.shape(found) != np.shape(expected):
        return unlike(found, expected)
    with np.errstate(all="ignore"):
        changed = np.abs(original((x.view(np.int32) ^ 1).view(np.float32)) - expected)
    return unlike(found, expected, np.fmax.reduce(changed, axis=0, initial=0))


def mixes_items(function, x, y) -> bool:
    """Return whether outputs y = function(x) depend on the other items of the batch.

    The first 7, or half of them, are computed again in a batch of their own.
    """
    few = min(7, len(x) // 2)
    alone = function(x[:few])
    if alone.shape != (few, *y.shape[1:]):
        return True
    alone = np.concatenate([alone, y[few:]])
    return unlike_original(alone, function, x, y) is not None
