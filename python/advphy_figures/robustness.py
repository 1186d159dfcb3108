# SPDX-License-Identifier: GPL-3.0-or-later
"""Block error rate over PSR or Eb/N0 under many attacks, in one look."""

import numpy as np
from advphy_model.atomic_file import atomic_file
from advphy_model.error_rate import interval, upper_bound
from matplotlib.figure import Figure

from advphy_figures.bler_curves import COLOURS, MARKERS


def draw(curves, path, xlabel, title="", lines=()):
    """Draw BLER curves with 95 % intervals, the legend beside them.

    Args:
        curves: {label: {x in dB: (failures, blocks)}}, in the order of the legend.
        path: PNG to write.
        xlabel: what x is.
        title: above the figure.
        lines: (label, {x: BLER}) drawn thin, such as bounds.
    """
    figure = Figure(figsize=(8.8, 4.8), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.15)
    axes = figure.add_subplot()
    for i, (label, points) in enumerate(curves.items()):
        style = {
            "color": COLOURS[i % len(COLOURS)],
            "marker": MARKERS[i % len(MARKERS)],
        }
        _draw(axes, label, points, style, "-" if i < len(COLOURS) else "--")
    for i, (label, points) in enumerate(lines):
        axes.plot(*zip(*sorted(points.items()), strict=True), label=label, color="0.4",
                  linewidth=1, linestyle=(":", "--", "-.")[i % 3])  # fmt: skip
    axes.set(xlabel=xlabel, ylabel="block error rate (BLER)", title=title)
    axes.set_yscale("log")
    axes.grid(which="major", alpha=0.3)
    axes.legend(frameon=False, fontsize="small", loc="upper left",
                bbox_to_anchor=(1.01, 1.0))  # fmt: skip
    with atomic_file(path, "wb") as file:
        figure.savefig(file, format="png", dpi=150)


def _draw(axes, label, points, style, line):
    seen = sorted((x, *p) for x, p in points.items() if p[0])
    if seen:
        x, failures, blocks = np.array(seen).T
        bounds = [interval(e, b) for e, b in zip(failures, blocks, strict=True)]
        low, high = np.array(bounds).T
        axes.fill_between(x, low, high, color=style["color"], alpha=0.2, linewidth=0)
        axes.plot(x, failures / blocks, label=label, markersize=4.5, linestyle=line,
                  linewidth=1.5, **style)  # fmt: skip
    for x, (failures, blocks) in points.items():
        if not failures:  # no error seen: the rate that excludes this at 95 %
            axes.plot(x, upper_bound(blocks), color=style["color"], marker=7)
