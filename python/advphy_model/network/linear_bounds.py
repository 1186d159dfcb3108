# SPDX-License-Identifier: GPL-3.0-or-later
"""Linear functions of the input that bound what a network computes in a ball.

A network is read as stages: an affine map, then a convex activation (ReLU or ELU). On
an interval, a convex activation is at most its chord and at least a tangent. Replacing
each activation by such lines, from the last stage back to the input, gives a linear
function that bounds an output everywhere in the ball (CROWN) [zhang].
"""

from dataclasses import dataclass

import numpy as np

_SCALE = "average_power_normalisation"
_AFFINE = ("dense", "conv1d", "conv2d", "flatten", "reshape", _SCALE)
_MOST_FEATURES = 4096  # of a stage, which is a dense matrix


@dataclass(frozen=True)
class Stage:
    """An affine map z = weight x + bias and the activation that follows."""

    weight: np.ndarray  # [units, inputs]
    bias: np.ndarray  # [units]
    # The activation is z where z is positive and alpha (exp(z) - 1) elsewhere, 0..1 (0:
    # ReLU); None: no activation, in the last stage.
    alpha: float | None

    def activation(self, z):
        """Return the activation of z."""
        if self.alpha == 0:
            return np.maximum(z, 0)
        return np.where(z > 0, z, self.alpha * np.expm1(np.minimum(z, 0)))


def stages(network) -> list:
    """Return the Stages of a Network, in double precision.

    A softmax at the end is left out, because it does not change which output is the
    largest.

    Raises ValueError if a layer is neither affine nor ReLU nor ELU with alpha up to 1.
    """
    if not network.is_chain:
        raise ValueError(
            "a radius needs a decoder whose layers are a chain, without branches: omit "
            "--radius"
        )
    found, layers = [], list(network.layers)
    if layers and layers[-1].kind == "softmax":
        layers.pop()
    x = _origin_and_axes(network.input_shape)
    for layer in layers:
        alpha = layer.attributes.get("alpha", 1.0) if layer.kind == "elu" else 0.0
        if layer.kind in ("relu", "elu") and 0 <= alpha <= 1:
            found.append(_stage(x, alpha))
            x = _origin_and_axes(x.shape[1:])
        elif layer.kind in _AFFINE and (layer.kind != _SCALE or layer.parameters):
            x = layer(x)
        else:
            raise ValueError(
                f"layer '{layer.name}' ({layer.kind}) has no linear bounds; a radius "
                f"needs a decoder of {', '.join(_AFFINE)} (with a frozen scale), relu "
                "and elu with alpha up to 1: omit --radius"
            )
    return [*found, _stage(x, None)]


def _origin_and_axes(shape):
    """Return the zero and the unit vectors of a space, [features + 1, *shape]."""
    features = int(np.prod(shape))
    if features > _MOST_FEATURES:
        raise ValueError(
            f"a layer has {features} features, and linear bounds are for at most "
            f"{_MOST_FEATURES}; omit --radius"
        )
    return np.eye(features + 1, features, -1).reshape(features + 1, *shape)


def _stage(x, alpha):
    """Return the Stage of the affine map that took origin and axes to x."""
    flat = x.reshape(len(x), -1)
    return Stage((flat[1:] - flat[0]).T, flat[0], alpha)


def forward(chain, x):
    """Return the values z of each Stage before its activation, [..., units] each."""
    found = []
    for stage in chain:
        found.append(x @ stage.weight.T + stage.bias)
        if stage.alpha is not None:
            x = stage.activation(found[-1])
    return found


def tangents(stage, z) -> tuple:
    """Return the tangents at z [..., units]: slopes and values at 0, twice.

    They are in the place of the lines above and below.
    """
    slope = np.where(z > 0, 1.0, stage.alpha * np.exp(np.minimum(z, 0)))
    return (slope, stage.activation(z) - slope * z) * 2


def lines(stage, low, high) -> tuple:
    """Return slopes and values at 0 of chords and of tangents in the middle.

    The values z of the Stage are in low..high, [units].
    """
    width = np.maximum(high - low, 1e-300)
    slope = (stage.activation(high) - stage.activation(low)) / width
    # Through the higher of both ends, so that rounding does not lower the line.
    ends = [stage.activation(z) - slope * z for z in (low, high)]
    return (slope, np.maximum(*ends), *tangents(stage, (low + high) / 2)[:2])


def above(chain, between, rows):
    """Return linear functions of the input that are nowhere below rows z.

    They are weight [..., K, inputs] x + offset [..., K]; then follow the coefficients
    of each stage's activations, [..., K, units]. z [units] is the value of the last of
    the Stages before its activation, rows are [..., K, units], and between are the
    lines of all stages but the last.
    """
    weight, offset, coefficients = rows, 0.0, []
    for i in range(len(chain) - 1, -1, -1):
        offset = offset + weight @ chain[i].bias
        weight = weight @ chain[i].weight
        if i:
            coefficients.insert(0, weight)
            up, down = np.maximum(weight, 0), np.minimum(weight, 0)
            chord, rise, slope, shift = (part[..., None, :] for part in between[i - 1])
            offset = offset + (up * rise + down * shift).sum(axis=-1)
            weight = up * chord + down * slope
    return weight, offset, coefficients


def intervals(chain, x, radius):
    """Return [(low, high)] of z of all Stages but the last, in a ball around x."""
    found, between = [], []
    for i, stage in enumerate(chain[:-1]):
        eye = np.eye(len(stage.bias))
        weight, offset, _ = above(chain[: i + 1], between, np.concatenate([eye, -eye]))
        most = weight @ x + offset + radius * np.linalg.norm(weight, axis=1)
        found.append((-most[len(eye) :], most[: len(eye)]))
        between.append(lines(stage, *found[-1]))
    return found
