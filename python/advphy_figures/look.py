# SPDX-License-Identifier: GPL-3.0-or-later
"""Style of all figures: colors, markers, sizes, and the writing of files.

A figure is drawn within applied(), which replaces matplotlib's settings and restores
them afterwards, and is written by save(). The same numbers give the same file, whatever
the user's own settings are.
"""

import contextlib
from pathlib import Path

import matplotlib
import matplotlib.style
import numpy as np
from advphy_model.atomic_file import atomic_file
from advphy_model.measure.curve_looks import COLORS, MARKERS
from advphy_model.measure.error_rate import interval
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

# After seven curves the colors repeat, with dashes and open markers.
LINES = ("solid", (0, (6, 1.5)), (0, (6, 1.5, 1, 1.5)))
THEORY = (0, (3, 2))  # dashes of closed forms and bounds, thin and without markers
LEVEL = (0, (1, 1.5))  # dots of lines that do not depend on x
QUIET = "0.35"  # color of captions and reference lines
BAND = 0.2  # opacity of intervals
FORMATS = ("png", "svg", "pdf")
DPI = 150

SETTINGS = {
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans", "Verdana", "sans-serif"],  # of equal width
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
# Metadata that would contain the date or the version of matplotlib.
_UNDATED = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


@contextlib.contextmanager
def applied():
    """Apply matplotlib's defaults and SETTINGS within the context."""
    with matplotlib.style.context(["default", SETTINGS]):
        yield


def figure(width, height) -> Figure:
    """Return an empty figure of a size in inches, with a constrained layout."""
    made = Figure((width, height), layout="constrained")
    made.get_layout_engine().set(w_pad=0.08, h_pad=0.06)
    FigureCanvasAgg(made)  # can measure texts before a file is written
    return made


def curve(i: int) -> dict:
    """Return color, marker and line style of curve i; 21 of them differ in gray."""
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
    total = 0.0
    for weight, c in zip((0.2126, 0.7152, 0.0722), to_rgb(color), strict=True):
        total += weight * (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4)
    return total


def ink(color) -> tuple:
    """Return a color darkened for text on white, to a contrast of 4.5 (WCAG 2.1)."""
    darker = to_rgb(color)
    while 1.05 / (luminance(darker) + 0.05) < 4.5:
        darker = tuple(0.95 * c for c in darker)
    return darker


def rates(counted) -> tuple:
    """Return x, low, rate, high of [(x, failures, blocks)], with 95 % intervals."""
    x, failures, blocks = np.array(counted).T
    bounds = [interval(f, b) for f, b in zip(failures, blocks, strict=True)]
    low, high = np.transpose(bounds)
    return x, low, failures / blocks, high


def band(axes, x, low, value, high, style, opacity=BAND):
    """Draw a curve with its intervals as a band; return its line in a list."""
    axes.fill_between(x, low, high, color=style["color"], alpha=opacity, linewidth=0)
    return axes.plot(x, value, **style)


def arrow(axes, start, end, color, width):
    """Draw an arrow that ends exactly at two points of an axes."""
    looks = {"arrowstyle": "-|>", "linewidth": width, "color": color}
    looks |= {"shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=looks)


def note(axes, text, at, offset=(0, 0), color=QUIET, **more):
    """Write a small text at an offset in points; `more` is as in axes.annotate."""
    more = {"textcoords": "offset points", "fontsize": "small"} | more
    axes.annotate(text, at, offset, color=color, **more)


def caption(drawn, text):
    """Put a small caption below a figure."""
    if text:
        drawn.supxlabel(text, fontsize="small", color=QUIET)


def legend_below(drawn, handles, labels, note):
    """Put a legend below a figure, with a note as its title."""
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "ncol": 4}
    drawn.legend(handles, labels, title=note, title_fontsize="small", **place)


def kind_of(path) -> str:
    """Return the format by a path's ending; ValueError if it is not in FORMATS."""
    kind = Path(path).suffix[1:].lower()
    if kind not in FORMATS:
        raise ValueError(f"{path}: format '{kind}' is not known; use png, svg or pdf")
    return kind


def save(drawn, path, tight=False):
    """Write a figure atomically, within applied().

    The path ends in .png, .svg or .pdf, which chooses the format; `tight` fits the page
    to what is drawn. ValueError if the format is not known, OSError if the file cannot
    be written.
    """
    kind, page = kind_of(path), "tight" if tight else None
    its = {"format": kind, "metadata": _UNDATED[kind], "bbox_inches": page}
    with atomic_file(path, "wb") as file:
        drawn.savefig(file, dpi=DPI, **its)
