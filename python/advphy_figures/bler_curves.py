# SPDX-License-Identifier: GPL-3.0-or-later
"""Block error rate over Eb/N0: counts with 95 % intervals, theory as thin lines."""

from pathlib import Path

import matplotlib
import numpy as np
from advphy_model import links
from advphy_model.atomic_file import atomic_file
from advphy_model.counts import curves
from advphy_model.error_rate import interval, upper_bound
from matplotlib.figure import Figure

# Okabe and Ito (2008): told apart by colour-blind readers; with markers, in grey too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def draw(rows, path, title=""):
    """Draw one curve per link and engine.

    Args:
        rows: Counts; those of one setting (other ranges or seeds) are added up.
        path: where to write; its ending chooses the format.
        title: above the figure.

    Raises:
        ValueError: when there is nothing to draw, or the format is not known.
    """
    points_of = curves(rows)
    if not points_of:
        raise ValueError("there are no counts to draw")
    figure = Figure(figsize=(7.2, 4.8), layout="constrained")
    kind = Path(path).suffix[1:].lower()
    if kind not in ("png", "svg", "pdf"):
        raise ValueError(f"{path}: format '{kind}' is not known; use png, svg or pdf")
    axes = figure.add_subplot()
    theory = 0
    for i, (label, points) in enumerate(points_of.items()):
        colour = COLOURS[i % len(COLOURS)]
        _draw_counts(axes, label, points, colour, MARKERS[i % len(MARKERS)])
        theory += _draw_theory(axes, label, points, colour)
    if theory:
        axes.plot(
            [],
            [],
            "k",
            linewidth=0.8,
            alpha=0.6,
            label="thin lines: closed form or union bound",
        )
    axes.set(xlabel="Eb/N0 [dB]", ylabel="block error rate (BLER)", title=title)
    axes.set_yscale("log")
    axes.grid(which="major", alpha=0.3)
    axes.legend(frameon=False, fontsize="small", loc="lower left")
    with (
        matplotlib.rc_context({"svg.hashsalt": "advphy"}),
        atomic_file(path, "wb") as file,
    ):
        figure.savefig(file, format=kind, dpi=150)


def _draw_counts(axes, label, points, colour, marker):
    with_errors = sorted((x, *p) for x, p in points.items() if p[0])
    if with_errors:
        x, failures, blocks = np.array(with_errors).T
        bounds = np.array(
            [interval(e, b) for e, b in zip(failures, blocks, strict=True)]
        )
        axes.fill_between(x, *bounds.T, color=colour, alpha=0.2, linewidth=0)
        axes.plot(
            x,
            failures / blocks,
            color=colour,
            marker=marker,
            markersize=4.5,
            linewidth=1.5,
            label=label,
        )
    for x, (failures, blocks) in points.items():
        if not failures:  # no error seen: the rate that excludes this at 95 %
            axes.plot(x, upper_bound(blocks), color=colour, marker=7, linestyle="none")


def _draw_theory(axes, label, points, colour):
    theory = links.theory(label.partition(",")[0])
    if theory is None:
        return 0
    x = np.linspace(min(points), max(points), 101)
    axes.plot(x, [theory[1](db) for db in x], color=colour, linewidth=0.8, alpha=0.6)
    return 1
