# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure of three panels: Bob's error, Eve's accuracy, and the trade-off of both."""

import numpy as np
from advphy_model.measure.curve_looks import GREEN, PURPLE, VERMILLION

from advphy_figures import look

_BELOW = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.13), "ncol": 2}
_BELOW |= {"fontsize": "x-small"}
_SMALL = {"fontsize": "x-small", "color": look.QUIET}
_WITHOUT = "_without"  # suffix of the name of a curve without Bob's module
_FRONTIER = {
    "noise": ("plain noise, less power", "o", "0.45"),
    "pair": ("the letter's pairs", "s", VERMILLION),
    "minmax": ("pair against adapting Eves", "D", GREEN),
    "keyed": ("keyed pair", "P", PURPLE),
}


@look.applied()
def draw(measured, figure, chance, path, note=""):
    """Draw a figure of the letter, over SNR or PSR.

    Args:
        measured: results with over_families(quantity), {curve: {x: points with low,
            value, high}}, and frontier, {(family, name): [(MSE, accuracy)]}.
        figure: module with TITLE, X_LABEL, MSE_CURVES, ACCURACY_CURVES and LINES.
        chance: share of the most frequent label.
        path: see look.save.
        note: text below the figure.
    """
    page = look.figure(13.5, 5.6)
    left, middle, right = page.subplots(1, 3)
    names = [*figure.MSE_CURVES, *figure.ACCURACY_CURVES, *figure.LINES]
    roots = list(dict.fromkeys(_root(name) for name in names))
    looks = {root: look.curve(i) for i, root in enumerate(roots)}
    for axes, quantity, curves in (
        (left, "mse", figure.MSE_CURVES),
        (middle, "accuracy", figure.ACCURACY_CURVES),
    ):
        table = measured.over_families(quantity)
        for name, label in (curves | figure.LINES).items():
            its, line = looks[_root(name)], name in figure.LINES
            if name in table:
                _curve(axes, table[name], name, label, its, line)
        axes.set_xlabel(figure.X_LABEL)
        axes.set_xticks(sorted({x for points in table.values() for x in points}))
        axes.grid()
        axes.legend(**_BELOW)
    left.set(ylabel="mean squared error of Bob's images", title="(a) Bob")
    left.set_ylim(bottom=0)
    middle.set(ylabel="accuracy of Eve", ylim=(0, 1), title="(b) Eve")
    middle.axhline(chance, color=look.QUIET, linestyle=":", linewidth=1)
    middle.text(middle.get_xlim()[0], chance + 0.01, " blind", **_SMALL)
    _frontier(right, measured.frontier, chance)
    page.suptitle(figure.TITLE)
    if note:
        right.text(0.5, -0.3, note, transform=right.transAxes, ha="center", **_SMALL)
    look.save(page, path, tight=True)


def _root(name):
    """Return the system of a curve; all variants of a system have the same color."""
    return name.removesuffix(_WITHOUT).removesuffix("_adapted")


def _curve(axes, points, name, label, its, line):
    """Draw the mean over families, and a band from their lowest to highest bound."""
    x = sorted(points)
    mean = [np.mean([p.value for p in points[v]]) for v in x]
    low = [min(p.low for p in points[v]) for v in x]
    high = [max(p.high for p in points[v]) for v in x]
    style = {"markersize": 4}
    if name.endswith(_WITHOUT):
        style |= {"linestyle": ":", "markersize": 3}
    elif name.endswith("_adapted") or line:
        style |= {"linestyle": "--", "markerfacecolor": "white"}
    look.band(axes, x, low, mean, high, its | style | {"label": label})


def _frontier(axes, frontier, chance):
    for name, (label, marker, color) in _FRONTIER.items():
        found = [points for (_, key), points in frontier.items() if key == name]
        for i, points in enumerate(found):
            x, y = np.transpose(sorted(points))
            style = {"marker": marker, "color": color, "linewidth": 1, "markersize": 6}
            style["linestyle"] = "-" if name == "noise" else "none"
            axes.plot(x, y, label=label if i == 0 else None, **style)
    axes.axhline(chance, color=look.QUIET, linestyle=":", linewidth=1)
    axes.set(title="(c) what secrecy costs Bob", ylim=(0, 1), xlim=(0, None))
    axes.set_xlabel("mean squared error of Bob's images")
    axes.set_ylabel("accuracy of the adapted Eve")
    axes.grid()
    axes.legend(**_BELOW)
