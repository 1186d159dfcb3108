# SPDX-License-Identifier: GPL-3.0-or-later
"""Colors, markers and label positions of curves in figures and displays."""

import itertools
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


_SHAPES = "os^DvPX", ("o", "s", "t1", "d", "t", "+", "x"), "●■▲◆▼✚✖"
MARKERS = tuple(map(Marker, *_SHAPES))


class Look(NamedTuple):
    """The color "#RRGGBB" and the Marker of a name."""

    color: str
    marker: Marker


_lock, _numbers = threading.Lock(), {}  # shared by all displays of the process


def number_of(name, numbers=_numbers, wanted=0):
    """Return the number of a name's Look, which never changes.

    A new name has the first free number from `wanted` on. Counters ask for theirs when
    they are made, so that a flowgraph looks alike at each start.
    """
    with _lock:
        if name not in numbers:
            taken = set(numbers.values())
            free = (n for n in itertools.count(wanted) if n not in taken)
            numbers[name] = next(free)
        return numbers[name]


def look_of(name, numbers=_numbers):
    """Return the Look of a name."""
    number = number_of(name, numbers)
    turn, color = divmod(number, len(COLORS))
    marker = (color + turn) % len(MARKERS)  # 49 different combinations
    return Look(COLORS[color], MARKERS[marker])


def apart(wanted, sizes, low, high):
    """Return positions that do not overlap, as near to the wanted ones as possible.

    It is the least-squares solution (pooling of adjacent violators), which keeps the
    order: adjacent positions form a group around the mean of their wanted positions.
    The positions are centers of lengths `sizes`. None begins below `low` or ends above
    `high`, unless together they do not fit above low.
    """
    order = np.argsort(wanted, kind="stable")
    ends = np.cumsum(np.asarray(sizes, float)[order])
    offsets = ends - np.asarray(sizes)[order] / 2  # centers if all are stacked from 0
    groups = []  # (mean wanted begin of the stack, number of members)
    for begin in np.asarray(wanted)[order] - offsets:
        groups.append((begin, 1))
        while len(groups) > 1 and groups[-2][0] >= groups[-1][0]:
            means, counts = zip(*groups[-2:], strict=True)
            groups[-2:] = [(np.average(means, weights=counts), sum(counts))]
    begins = np.repeat(*map(list, zip(*groups, strict=True))) if groups else ends
    begins = np.clip(begins, low, max(low, high - sum(sizes)))
    places = np.empty(len(wanted))
    places[order] = begins + offsets
    return places
