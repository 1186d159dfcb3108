# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure of BLER curves with a panel for each attack: clean dashed, attacked solid."""

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from advphy_figures import look

_WIDTH, _HEIGHT = 4.2, 4.0  # inches of a panel
_LOWEST = 5e-7


@look.applied()
def draw(found, figure, path, note="", claims=()):
    """Draw a panel for each attack side by side, in two rows if there are four or more.

    Args:
        found: results with added_up(link, key), {ebn0_db: (failures, blocks)} over all
            seeds, and spread(link, key), {ebn0_db: (lowest, highest BLER of a seed)},
            which may be empty; key is that of an attack, or "clean".
        figure: module with TITLE, SYSTEMS (link, label) and ATTACKS (key, title).
        path: see look.save.
        note: text below the figure.
        claims: (text, verdict) of the paper's claims about this figure, listed below.
    """
    attacks = figure.ATTACKS
    columns = len(attacks) if len(attacks) < 4 else (len(attacks) + 1) // 2
    rows = -(-len(attacks) // columns)
    page = look.figure(_WIDTH * columns, _HEIGHT * rows + 1.2)
    grid = page.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    looks = {each.label: look.curve(i) for i, each in enumerate(figure.SYSTEMS)}
    spreads = []
    for axes, attack in zip(grid.flat, attacks, strict=False):
        for system in figure.SYSTEMS:
            for key in ("clean", attack.key):
                points = found.added_up(system.link, key)
                spreads.append(found.spread(system.link, key))
                _draw_curve(axes, key, points, spreads[-1], looks[system.label])
        axes.set(title=attack.title, yscale="log", ylim=(_LOWEST, 1))
        axes.grid()
    for axes in grid.flat[len(attacks) :]:
        axes.set_visible(False)
    for axes in grid[-1]:
        axes.set_xlabel("Eb/N0 [dB]")
    for axes in grid[:, 0]:
        axes.set_ylabel("block error rate (BLER)")
    page.suptitle(figure.TITLE)
    _legend(page, looks, note, any(spreads), claims)
    look.save(page, path, tight=True)


def _draw_curve(axes, key, points, spread, its):
    counted = sorted((db, *point) for db, point in points.items() if point[0])
    if not counted:
        return
    style = {"markersize": 4}
    if key == "clean":
        style = {"linestyle": look.THEORY, "linewidth": 1.0, "marker": None}
    look.band(axes, *look.rates(counted), its | style, opacity=0.3)
    if spread:
        x = sorted(spread)
        low, high = np.transpose([spread[db] for db in x])
        faint = {"color": its["color"], "alpha": 0.12, "linewidth": 0}
        axes.fill_between(x, np.maximum(low, _LOWEST), high, **faint)


def _legend(figure, looks, note, spread, claims):
    handles = [Line2D([], [], label=label, **its) for label, its in looks.items()]
    clean = {"linestyle": look.THEORY, "linewidth": 1.0, "label": "no attack"}
    attacked = {"linewidth": 1.5, "label": "under the panel's attack"}
    handles += [Line2D([], [], color="0.3", **its) for its in (clean, attacked)]
    handles.append(Patch(color="0.3", alpha=0.3, label="95 % interval"))
    if spread:
        handles.append(Patch(color="0.3", alpha=0.12, label="lowest to highest seed"))
    lines = [note, "What is claimed or asked, and what is found here:"]
    lines = lines[: 2 if claims else 1] + [f"- {text}: {ours}" for text, ours in claims]
    labels = [handle.get_label() for handle in handles]
    look.legend_below(figure, handles, labels, "\n".join(lines))
