# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours and markers of names, the same in all displays of a process."""

import threading
from dataclasses import dataclass

# Okabe and Ito (2008): told apart by colour-blind readers; with markers, in grey too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
SYMBOLS = ("o", "s", "t1", "d", "t", "+", "x")  # as pyqtgraph calls them
GLYPHS = "●■▲◆▼✚✖"
GREY, PALE, INK = "#555555", "#BBBBBB", "#111111"


@dataclass(frozen=True)
class Look:
    """How a name is told from others.

    Args:
        colour: "#RRGGBB".
        symbol: marker, in pyqtgraph's words.
        glyph: the same marker as a letter.
    """

    colour: str
    symbol: str
    glyph: str


class NameLooks:
    """Give each name a look of its own, in order of appearance; safe among threads."""

    def __init__(self):
        self._lock, self._numbers = threading.Lock(), {}

    def look_of(self, name):
        """Return the Look of a name, always the same one."""
        with self._lock:
            number = self._numbers.setdefault(name, len(self._numbers))
        turn, colour = divmod(number, len(COLOURS))
        marker = (colour + turn) % len(SYMBOLS)  # 49 names before two look alike
        return Look(COLOURS[colour], SYMBOLS[marker], GLYPHS[marker])


look_of = NameLooks().look_of  # of all displays of the process
