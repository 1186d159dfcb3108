# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure of attacks that are not synchronized: a row of panels for each link."""

from advphy_model.measure import synchronism
from advphy_model.measure.measurement_text import table_texts
from advphy_model.measure.synchronism import CLEAN, CURVES, JAMMER, PANELS, UNKNOWN
from matplotlib.lines import Line2D

from advphy_figures import bler_curves, look

_ASIDE = 0.17  # places of the axis between points that would cover each other
_REFERENCES = {JAMMER: ":", CLEAN: look.THEORY}


@look.applied()
def draw(measured, path, title):
    """Draw block error rates over delay, frequency offset, phase, and the unknowns.

    measured is [(synchronism.Point, BurstCounts)] of one or more links. Crosses are the
    shares of bursts that were missed; a note gives their number.
    """
    links = list(dict.fromkeys(row.link for _, row in measured))
    figure = look.figure(14, 2.6 * len(links) + 1.6)
    grid = figure.subplots(
        len(links), len(PANELS), squeeze=False, sharex="col", sharey=True
    )
    for row_of_axes, link in zip(grid, links, strict=True):
        of_link = [(point, row) for point, row in measured if row.link == link]
        for axes, panel in zip(row_of_axes, PANELS, strict=True):
            _draw_panel(axes, panel, of_link)
        row_of_axes[0].set_ylabel(f"{link}\nBLER")
    for axes, panel in zip(grid[-1], PANELS, strict=True):
        axes.set_xlabel(PANELS[panel])
    names = {"rotation": 90, "fontsize": "small"}
    grid[-1][-1].set_xticks(range(len(UNKNOWN)), list(UNKNOWN), **names)
    figure.suptitle(title)
    handles, labels = grid[0][0].get_legend_handles_labels()
    handles.append(Line2D([], [], color=look.QUIET, marker="x", linestyle="none"))
    labels.append("missed bursts, share of those sent")
    rows = {row.setting: row for _, row in measured}.values()  # some are in two panels
    frames = sum(row.frames for row in rows)
    missed = sum(row.missed_frames for row in rows)
    note = "95 % intervals; arrows: no error seen, upper bound of the rate at 95 %; "
    note += f"bursts missed: {missed} of {frames}"
    look.legend_below(figure, handles, labels, note)
    look.save(figure, path, tight=True)


def _draw_panel(axes, panel, measured):
    for i, curve in enumerate(CURVES):
        unknown = panel == "unknown"
        points = [
            bler_curves.point_of(point.x + unknown * _ASIDE * (i - 1.5), row)
            for point, row in measured
            if (point.panel, point.curve) == (panel, curve)
        ]
        points.sort(key=lambda point: point["x"])
        bler_curves.plot_counted(axes, curve, points, look.curve(i), bars=unknown)
    for curve, line in _REFERENCES.items():
        for point, row in measured:
            if point.curve == curve and row.failures:
                its = {"color": look.QUIET, "linestyle": line, "linewidth": 1.2}
                axes.axhline(row.failures / row.blocks, label=curve, **its)
    axes.set_yscale("log")
    axes.grid()


def table(measured) -> str:
    """Return the rates of the last panel as lines of text, a row for each link."""
    lines = []
    for link in dict.fromkeys(row.link for _, row in measured):
        of_link = [(p, row) for p, row in measured if row.link == link]
        rates = {(p.curve, p.panel, p.x): row for p, row in of_link}
        lines.append(f"{link:<40}" + "".join(f"{name:>12}" for name in UNKNOWN))
        for curve in synchronism.CURVES:
            cells = [rates[curve, "unknown", x] for x in range(len(UNKNOWN))]
            lines.append(f"  {curve:<38}" + "".join(map(_cell, cells)))
        for curve in _REFERENCES:
            lines.append(f"  {curve:<38}{_cell(rates[curve, '', 0])}")
    return "\n".join(lines)


def _cell(row):
    rate, bound = table_texts(row.failures, row.blocks)
    return f"{bound if rate == '0' else rate:>12}"
