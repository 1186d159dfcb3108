# SPDX-License-Identifier: GPL-3.0-or-later
"""How curves are told apart in figures and displays: colors, markers, labels."""

import threading
from typing import NamedTuple

import numpy as np

# Okabe and Ito (2008): told apart by color-blind readers; with markers, in gray too.
BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK = "#E69F00", "#56B4E9", "#000000"
COLORS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)


class Marker(NamedTuple):
    """A marker as matplotlib and pyqtgraph call it, and as a letter."""

    matplotlib: str
    pyqtgraph: str
    glyph: str


MARKERS = tuple(map(Marker, "os^DvPX", "o s t1 d t + x".split(), "●■▲◆▼✚✖"))


class Look(NamedTuple):
    """How a name is told from others: "#RRGGBB" and a Marker."""

    color: str
    marker: Marker


class NameLooks:
    """Give each name a look of its own, in order of appearance; safe among threads."""

    def __init__(self):
        self._lock, self._numbers = threading.Lock(), {}

    def look_of(self, name):
        """Return the Look of a name, always the same one."""
        with self._lock:
            number = self._numbers.setdefault(name, len(self._numbers))
        turn, color = divmod(number, len(COLORS))
        marker = (color + turn) % len(MARKERS)  # 49 names before two look alike
        return Look(COLORS[color], MARKERS[marker])


look_of = NameLooks().look_of  # of all displays of the process


def apart(wanted, sizes, low, high):
    """Return places that do not overlap, in the order wanted and as near as can be.

    It is the least-squares solution (pooling of adjacent violators): a group that
    touches sits around the mean of what its members want.

    Args:
        wanted: centers asked for.
        sizes: lengths that the places occupy.
        low: no place begins below this.
        high: no place ends above it, unless the sizes need more: then the first begins
            at low.
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    offset, offsets = 0.0, []  # of each center, were all stacked from 0
    for i in order:
        offsets.append(offset + sizes[i] / 2)
        offset += sizes[i]
    groups = []  # [mean begin of the stack wanted, members]
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
