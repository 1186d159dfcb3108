# SPDX-License-Identifier: GPL-3.0-or-later
"""Three panels: Bob's error, Eve's accuracy, and the frontier between the two."""

from pathlib import Path

import matplotlib
import numpy as np
from advphy_model.atomic_file import atomic_file
from matplotlib.figure import Figure

from advphy_figures.bler_curves import COLOURS, MARKERS

_WITHOUT = "_without"  # ends the name of a curve without Bob's module
_FRONTIER = {
    "noise": ("plain noise, less power", "o", "0.45"),
    "pair": ("the letter's pairs", "s", COLOURS[1]),
    "minmax": ("pair against adapting Eves", "D", COLOURS[2]),
    "keyed": ("keyed pair", "P", COLOURS[3]),
}


def draw(measured, figure, chance, path, note=""):
    """Draw a figure of the letter.

    Args:
        measured: with mse, accuracy {(family, curve, x): point with low, value, high}
            and frontier {(family, name): [(MSE, accuracy)]}.
        figure: with TITLE, X_LABEL, MSE_CURVES, ACCURACY_CURVES and LINES.
        chance: share of the most frequent label.
        path: where to write, a .png.
        note: below it.
    """
    page = Figure((13.5, 5.6), layout="constrained")
    left, middle, right = page.subplots(1, 3)
    names = [*figure.MSE_CURVES, *figure.ACCURACY_CURVES, *figure.LINES]
    roots = list(dict.fromkeys(_root(name) for name in names))
    looks = {
        root: {"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[i % len(MARKERS)]}
        for i, root in enumerate(roots)
    }
    for axes, table, curves in (
        (left, measured.mse, figure.MSE_CURVES),
        (middle, measured.accuracy, figure.ACCURACY_CURVES),
    ):
        for name, label in (curves | figure.LINES).items():
            _curve(axes, table, name, label, looks[_root(name)], name in figure.LINES)
        axes.set_xlabel(figure.X_LABEL)
        axes.set_xticks(sorted({x for _, _, x in table}))
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, fontsize="x-small", loc="upper center",
                    bbox_to_anchor=(0.5, -0.13), ncol=2)  # fmt: skip
    left.set(ylabel="mean squared error of Bob's images", title="(a) Bob")
    left.set_ylim(bottom=0)
    middle.set(ylabel="accuracy of Eve", ylim=(0, 1), title="(b) Eve")
    middle.axhline(chance, color="0.3", linestyle=":", linewidth=1)
    middle.text(middle.get_xlim()[0], chance + 0.01, " blind", fontsize="x-small",
                color="0.3")  # fmt: skip
    _frontier(right, measured.frontier, chance)
    page.suptitle(figure.TITLE, fontsize="large")
    if note:
        right.text(0.5, -0.3, note, transform=right.transAxes, ha="center",
                   fontsize="x-small", color="0.3")  # fmt: skip
    with (
        matplotlib.rc_context({"svg.hashsalt": "advphy"}),
        atomic_file(path, "wb") as file,
    ):
        page.savefig(file, format=Path(path).suffix[1:], dpi=120, bbox_inches="tight")


def _root(name):
    """Return the system that a curve is of; its variants have the same colour."""
    return name.removesuffix(_WITHOUT).removesuffix("_adapted")


def _curve(axes, table, name, label, look, line):
    """Draw the mean over families, the widest interval of theirs as a band."""
    points = {}
    for (_, curve, x), point in table.items():
        if curve == name:
            points.setdefault(x, []).append(point)
    if not points:
        return
    x = sorted(points)
    mean = [np.mean([p.value for p in points[v]]) for v in x]
    low = [min(p.low for p in points[v]) for v in x]
    high = [max(p.high for p in points[v]) for v in x]
    style = {"linestyle": "-", "linewidth": 1.5, "markersize": 4}
    if name.endswith(_WITHOUT):
        style |= {"linestyle": ":", "markersize": 3}
    elif name.endswith("_adapted") or line:
        style |= {"linestyle": "--", "markerfacecolor": "white"}
    axes.fill_between(x, low, high, color=look["color"], alpha=0.2, linewidth=0)
    axes.plot(x, mean, label=label, **look, **style)


def _frontier(axes, frontier, chance):
    for name, (label, marker, colour) in _FRONTIER.items():
        found = [points for (_, key), points in frontier.items() if key == name]
        for i, points in enumerate(found):
            x, y = np.transpose(sorted(points))
            line = "-" if name == "noise" else "none"
            axes.plot(x, y, marker=marker, color=colour, linestyle=line, linewidth=1,
                      markersize=6, label=label if i == 0 else None)  # fmt: skip
    axes.axhline(chance, color="0.3", linestyle=":", linewidth=1)
    axes.set(xlabel="mean squared error of Bob's images",
             ylabel="accuracy of the Eve who adapts", ylim=(0, 1),
             title="(c) what secrecy costs Bob")  # fmt: skip
    axes.set_xlim(left=0)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, fontsize="x-small", loc="upper center",
                bbox_to_anchor=(0.5, -0.13), ncol=2)  # fmt: skip
