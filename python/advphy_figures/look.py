# SPDX-License-Identifier: GPL-3.0-or-later
"""The one look of all figures: colors, markers, sizes, and how a file is written.

A figure is drawn inside applied(), which leaves matplotlib's settings as they were and
heeds none of the user's, and is written by save(): the same numbers give the same file.
"""

import contextlib
from pathlib import Path

import matplotlib
import matplotlib.style
from advphy_model.atomic_file import atomic_file
from advphy_model.measure.curve_looks import COLORS, MARKERS
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

# After seven curves the same colors come again, dashed and with open markers.
LINES = ("solid", (0, (6, 1.5)), (0, (6, 1.5, 1, 1.5)))
THEORY = (0, (3, 2))  # dashes of closed forms and bounds, thin and without markers
LEVEL = (0, (1, 1.5))  # dots of what does not depend on x
QUIET = "0.35"  # of what explains: captions, reference lines
BAND = 0.2  # opacity of intervals
FORMATS = ("png", "svg", "pdf")
DPI = 150

SETTINGS = {
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans", "Verdana", "sans-serif"],  # of equal widths
    "font.size": 10.0,
    "axes.titlesize": "medium",
    "axes.labelsize": "medium",
    "figure.titlesize": "large",
    "legend.fontsize": "small",
    "legend.frameon": False,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "grid.color": "0.8",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.5,
    "lines.markersize": 4.5,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "advphy",
    "pdf.fonttype": 42,
}
# What would put the date, or which matplotlib it was, into a file.
_UNDATED = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


@contextlib.contextmanager
def applied():
    """Have matplotlib's own defaults and SETTINGS within; as before afterwards."""
    with matplotlib.style.context(["default", SETTINGS]):
        yield


def figure(width, height) -> Figure:
    """Return an empty figure of so many inches that makes room for what is in it."""
    made = Figure((width, height), layout="constrained")
    made.get_layout_engine().set(w_pad=0.08, h_pad=0.06)
    FigureCanvasAgg(made)  # measures texts before there is a file
    return made


def curve(i: int) -> dict:
    """Return color, marker and line of curve number i; 21 of them differ in gray."""
    turn = i // len(COLORS) % len(LINES)
    color = COLORS[i % len(COLORS)]
    return {
        "color": color,
        "marker": MARKERS[i % len(MARKERS)].matplotlib,
        "linestyle": LINES[turn],
        "markerfacecolor": "white" if turn else color,
    }


def luminance(color) -> float:
    """Return the relative luminance of a color, 0..1 (WCAG 2.1)."""
    found = 0.0
    for weight, c in zip((0.2126, 0.7152, 0.0722), to_rgb(color), strict=True):
        found += weight * (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4)
    return found


def ink(color) -> tuple:
    """Return a color made dark enough for words on white: contrast 4.5 (WCAG 2.1)."""
    found = to_rgb(color)
    while 1.05 / (luminance(found) + 0.05) < 4.5:
        found = tuple(0.95 * c for c in found)
    return found


def grid(axes):
    """Draw the grid: thin, at the major ticks."""
    axes.grid(which="major")


def band(axes, x, low, value, high, style, opacity=BAND):
    """Draw a curve with its intervals as a band; return its line in a list."""
    fill(axes, x, low, high, style, opacity)
    return axes.plot(x, value, **style)


def fill(axes, x, low, high, style, opacity=BAND):
    """Draw a band in the color of a style."""
    axes.fill_between(x, low, high, color=style["color"], alpha=opacity, linewidth=0)


def cross(axes, x, share, style):
    """Draw a cross in the color of a style: a share of frames that were missed."""
    axes.plot(x, share, color=style["color"], marker="x", markersize=7)


def arrow(axes, start, end, color, width):
    """Draw an arrow from one point of an axes exactly to another."""
    looks = {"arrowstyle": "-|>", "linewidth": width, "color": color}
    looks |= {"shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=looks)


def note(axes, text, at, offset=(0, 0), color=QUIET, **more):
    """Write small words next to a point, away from it by an offset in points of type.

    Args:
        axes: of a figure.
        text: the words.
        at: the point.
        offset: (to the right, up).
        color: of the words.
        more: for axes.annotate.
    """
    more = {"textcoords": "offset points", "fontsize": "small"} | more
    axes.annotate(text, at, offset, color=color, **more)


def caption(drawn, text):
    """Put a sentence or two below a figure, small."""
    if text:
        drawn.supxlabel(text, fontsize="small", color=QUIET)


def legend_below(drawn, handles, labels, note):
    """Put a legend below a figure, under a note."""
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "ncol": 4}
    drawn.legend(handles, labels, title=note, title_fontsize="small", **place)


def kind_of(path) -> str:
    """Return "png", "svg" or "pdf" of a path's ending; ValueError for another."""
    kind = Path(path).suffix[1:].lower()
    if kind not in FORMATS:
        raise ValueError(f"{path}: format '{kind}' is not known; use png, svg or pdf")
    return kind


def save(drawn, path, tight=False):
    """Write a figure, whole or not at all; the path's ending chooses the format.

    Args:
        drawn: Figure, made inside applied(); this must be called there, too.
        path: a .png, .svg or .pdf.
        tight: cut to what is drawn, or grow to hold it.

    Raises:
        ValueError: when the format is not known.
        OSError: when the place cannot be written.
    """
    kind = kind_of(path)
    with atomic_file(path, "wb") as file:
        given = {"format": kind, "metadata": _UNDATED[kind], "dpi": DPI}
        drawn.savefig(file, bbox_inches="tight" if tight else None, **given)
