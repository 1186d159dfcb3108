# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers beside points of a small square panel, clear of points and of each other."""

import numpy as np
from advphy_model.measure.curve_looks import BLACK

from advphy_figures import look

_LETTER, _LINE = 0.62, 1.15  # width and height of a letter, of the font's size
_NEAR = 0.02  # of the panel's half: points nearer than this share a place
_IN_A_LINE = 4
_FAR = (0.0, 4.0, 9.0)  # further away, in points of type, when it is crowded
_DIRECTIONS = [(np.cos(a), np.sin(a)) for a in np.arange(8) * np.pi / 4]


def write(axes, points, reach, inches, color=BLACK, size=6.5):
    """Write each point's index beside it; points at one place have one text.

    Args:
        axes: from -reach to reach in both directions.
        points: [M, 2].
        reach: half the width of the axes, in its units.
        inches: about how wide the axes will be.
        color: of the numbers, made dark enough.
        size: of the numbers in points.
    """
    unit = 2 * reach / (72 * inches)  # of the axes, for a point of type
    groups = together(points, _NEAR * reach)
    centers = np.array([points[group].mean(axis=0) for group in groups])
    texts = [
        "\n".join(
            " ".join(map(str, group[i : i + _IN_A_LINE]))
            for i in range(0, len(group), _IN_A_LINE)
        )
        for group in groups
    ]
    dots = [(c, np.full(2, 2.2 * unit)) for c in centers]
    placed = []
    for i in np.argsort(_crowded(centers))[::-1]:
        lines = texts[i].split("\n")
        half = np.array([_LETTER * max(map(len, lines)), _LINE * len(lines)])
        half *= unit * size / 2
        place = _place(centers[i], half, unit, reach, placed + dots)
        placed.append((place, half))
        its = {"color": look.ink(color), "fontsize": size, "linespacing": 1}
        axes.text(*place, texts[i], ha="center", va="center_baseline", **its)


def together(points, near) -> list:
    """Return lists of the indices of points that are at one place."""
    groups = []
    for i, point in enumerate(points):
        for group in groups:
            if np.hypot(*(points[group[0]] - point)) < near:
                group.append(i)
                break
        else:
            groups.append([i])
    return groups


def _crowded(centers):
    """Return how near each point is to the others."""
    apart = np.hypot(*np.moveaxis(centers[:, None] - centers[None], -1, 0))
    return (1 / (apart + 0.05)).sum(axis=1)


def _place(center, half, unit, reach, taken):
    """Return the center of the text that covers the least of what is there."""
    best, least = None, np.inf
    for far in _FAR:
        for direction in _DIRECTIONS:
            away = half * direction + np.array(direction) * (3.5 + far) * unit
            place = center + away
            cost = sum(_overlap(place, half, *other) for other in taken)
            outside = np.maximum(np.abs(place) + half - reach, 0).sum()
            cost = cost / (4 * half.prod()) + 3 * outside / reach + 0.02 * far
            if cost < least - 1e-9:
                best, least = place, cost
    return best


def _overlap(a, a_half, b, b_half):
    """Return the area that two boxes share."""
    sides = np.minimum(a + a_half, b + b_half) - np.maximum(a - a_half, b - b_half)
    return np.prod(np.maximum(sides, 0))
