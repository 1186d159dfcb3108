# SPDX-License-Identifier: GPL-3.0-or-later
"""Colors, markers and label positions of curves in figures and displays."""

import threading
from typing import NamedTuple

import numpy as np

# Okabe and Ito (2008): distinct for color-blind readers, and with markers also in gray.
BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK = "#E69F00", "#56B4E9", "#000000"
COLORS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)


class Marker(NamedTuple):
    """Names of a marker in matplotlib and pyqtgraph, and its character."""

    matplotlib: str
    pyqtgraph: str
    glyph: str


MARKERS = (
    Marker("o", "o", "●"),
    Marker("s", "s", "■"),
    Marker("^", "t1", "▲"),
    Marker("D", "d", "◆"),
    Marker("v", "t", "▼"),
    Marker("P", "+", "✚"),
    Marker("X", "x", "✖"),
)


class Look(NamedTuple):
    """The color "#RRGGBB" and the Marker of a name."""

    color: str
    marker: Marker


class NameLooks:
    """Assign a Look to each name in order of appearance; thread-safe."""

    def __init__(self):
        self._lock, self._numbers = threading.Lock(), {}

    def look_of(self, name):
        """Return the Look of a name, which never changes."""
        with self._lock:
            number = self._numbers.setdefault(name, len(self._numbers))
        turn, color = divmod(number, len(COLORS))
        marker = (color + turn) % len(MARKERS)  # 49 different combinations
        return Look(COLORS[color], MARKERS[marker])


look_of = NameLooks().look_of  # shared by all displays of the process


def apart(wanted, sizes, low, high):
    """Return positions that do not overlap, as near to the wanted ones as possible.

    It is the least-squares solution (pooling of adjacent violators), which keeps the
    order: adjacent positions form a group around the mean of their wanted positions.

    Args:
        wanted: wanted centers.
        sizes: lengths that the positions occupy.
        low: no length begins below this.
        high: no length ends above this, unless they do not fit; then the first begins
            at low.
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    offset, offsets = 0.0, []  # centers if all positions were stacked from 0
    for i in order:
        offsets.append(offset + sizes[i] / 2)
        offset += sizes[i]
    groups = []  # [mean wanted begin of the stack, number of members]
    for i, at in zip(order, offsets, strict=True):
        groups.append([wanted[i] - at, 1])
        while len(groups) > 1 and groups[-2][0] >= groups[-1][0]:
            (mean, count), (more, others) = groups[-2:]
            together = (mean * count + more * others) / (count + others)
            groups[-2:] = [[together, count + others]]
    begins = np.repeat([g[0] for g in groups], [g[1] for g in groups])
    begins = np.clip(begins, low, max(low, high - offset))
    places = np.empty(len(wanted))
    places[order] = begins + offsets
    return places
