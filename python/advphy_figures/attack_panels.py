# SPDX-License-Identifier: GPL-3.0-or-later
"""BLER curves in panels, one for each attack: clean dashed, attacked solid."""

from dataclasses import dataclass

import numpy as np
from advphy_model.measure.error_rate import interval
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from advphy_figures import look

_WIDTH, _HEIGHT = 4.2, 4.0  # inches of a panel
_LOWEST = 5e-7


@dataclass(frozen=True)
class DrawnCurve:
    """A curve of a panel.

    Args:
        label: of its system, in the legend.
        clean: without an attack.
        points: {ebn0_db: (failures, blocks)}, seeds added up.
        spread: {ebn0_db: (lowest, highest BLER of a seed)}, or none.
    """

    label: str
    clean: bool
    points: dict
    spread: dict


@look.applied()
def draw(panels, path, title, note="", claims=()):
    """Draw panels [(title, DrawnCurves)] side by side, two rows from four on.

    Args:
        panels: what to draw; systems have the same colour in each.
        path: where to write; its ending chooses the format.
        title: above the figure.
        note: below it.
        claims: (text, verdict) of what the paper says of this figure, below it.
    """
    columns = len(panels) if len(panels) < 4 else (len(panels) + 1) // 2
    rows = -(-len(panels) // columns)
    figure = look.figure(_WIDTH * columns, _HEIGHT * rows + 1.2)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    drawn = [curve for _, curves in panels for curve in curves]
    labels = list(dict.fromkeys(curve.label for curve in drawn))
    looks = {label: look.curve(i) for i, label in enumerate(labels)}
    for axes, (name, curves) in zip(grid.flat, panels, strict=False):
        for curve in curves:
            _draw_curve(axes, curve, looks[curve.label])
        axes.set(title=name, yscale="log")
        axes.set_ylim(_LOWEST, 1)
        look.grid(axes)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for axes in grid[-1]:
        axes.set_xlabel("Eb/N0 [dB]")
    for axes in grid[:, 0]:
        axes.set_ylabel("block error rate (BLER)")
    figure.suptitle(title)
    _legend(figure, looks, note, any(curve.spread for curve in drawn), claims)
    look.save(figure, path, tight=True)


def _draw_curve(axes, curve, its):
    counted = sorted((db, *point) for db, point in curve.points.items() if point[0])
    if not counted:
        return
    x, failures, blocks = np.array(counted).T
    bounds = [interval(e, b) for e, b in zip(failures, blocks, strict=True)]
    style = {"markersize": 4}
    if curve.clean:
        style = {"linestyle": look.THEORY, "linewidth": 1.0, "marker": None}
    low, high = np.transpose(bounds)
    look.band(axes, x, low, failures / blocks, high, its | style, opacity=0.3)
    if curve.spread:
        x = sorted(curve.spread)
        low, high = np.transpose([curve.spread[db] for db in x])
        axes.fill_between(
            x,
            np.maximum(low, _LOWEST),
            high,
            color=its["color"],
            alpha=0.12,
            linewidth=0,
        )


def _legend(figure, looks, note, spread, claims):
    handles = [Line2D([], [], label=label, **its) for label, its in looks.items()]
    handles += [
        Line2D(
            [], [], color="0.3", linestyle=look.THEORY, linewidth=1.0, label="no attack"
        ),
        Line2D([], [], color="0.3", linewidth=1.5, label="under the panel's attack"),
        Patch(color="0.3", alpha=0.3, label="95 % interval"),
    ]
    if spread:
        handles.append(Patch(color="0.3", alpha=0.12, label="lowest to highest seed"))
    figure.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        ncol=4,
        title="\n".join(_notes(note, claims)),
        title_fontsize="small",
    )


def _notes(note, claims):
    lines = [note, "What is claimed or asked, and what is found here:"]
    return lines[: 2 if claims else 1] + [f"- {text}: {ours}" for text, ours in claims]
