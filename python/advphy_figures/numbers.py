# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers next to the points of a small square panel, without overlaps."""

import numpy as np
from advphy_model.measure.curve_looks import BLACK

from advphy_figures import look

_LETTER, _LINE = 0.62, 1.15  # width and height of a letter, relative to the font size
_NEAR = 0.02  # of half the panel: points nearer than this are at one place
_IN_A_LINE = 4
_FAR = (0.0, 4.0, 9.0)  # additional distances from a point, in typographic points
_DIRECTIONS = [(np.cos(a), np.sin(a)) for a in np.arange(8) * np.pi / 4]


def write(axes, points, reach, inches, color=BLACK, size=6.5):
    """Write each point's index next to it; points at one place share a text.

    Args:
        axes: axes from -reach to reach in both directions.
        points: coordinates [M, 2].
        reach: half the width of the axes, in its units.
        inches: approximate width of the axes in inches.
        color: color of the numbers, which is darkened if necessary.
        size: font size in typographic points.
    """
    unit = 2 * reach / (72 * inches)  # a typographic point in units of the axes
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
    apart = np.hypot(*np.moveaxis(centers[:, None] - centers[None], -1, 0))
    crowded = (1 / (apart + 0.05)).sum(axis=1)  # how near each is to the others
    for i in np.argsort(crowded)[::-1]:
        lines = texts[i].split("\n")
        half = np.array([_LETTER * max(map(len, lines)), _LINE * len(lines)])
        half *= unit * size / 2
        place = _place(centers[i], half, unit, reach, placed + dots)
        placed.append((place, half))
        its = {"color": look.ink(color), "fontsize": size, "linespacing": 1}
        axes.text(*place, texts[i], ha="center", va="center_baseline", **its)


def together(points, near) -> list:
    """Return lists of the indices of points at one place, nearer than `near`."""
    groups = []
    for i, point in enumerate(points):
        for group in groups:
            if np.hypot(*(points[group[0]] - point)) < near:
                group.append(i)
                break
        else:
            groups.append([i])
    return groups


def _place(center, half, unit, reach, taken):
    """Return the center of a text that overlaps the least with the taken boxes."""
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
