# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure of block error rates over PSR or Eb/N0 under several attacks."""

from advphy_figures import bler_curves, direct_labels, look

_LINES = (look.LEVEL, look.THEORY, (0, (6, 1.5, 1, 1.5)), (0, (1, 1)))


@look.applied()
def draw(curves, path, xlabel, title="", lines=()):
    """Draw BLER curves, {label: {x in dB: (failures, blocks)}}, with 95 % intervals.

    `lines` are (label, {x: BLER}) of thin lines, such as bounds. path: see look.save.
    """
    figure = look.figure(8.8, 4.8)
    axes = figure.add_subplot()
    axes.set_yscale("log")
    counted = {
        label: [bler_curves.point(x, *points[x]) for x in sorted(points)]
        for label, points in curves.items()
    }
    for i, (label, points) in enumerate(counted.items()):
        bler_curves.plot_counted(axes, label, points, look.curve(i))
    for i, (label, points) in enumerate(lines):
        x, bler = zip(*sorted(points.items()), strict=True)
        thin = {"color": look.QUIET, "linewidth": 1, "linestyle": _LINES[i % 4]}
        axes.plot(x, bler, label=label, **thin)
    axes.set(xlabel=xlabel, ylabel="block error rate (BLER)", title=title)
    axes.grid()
    ends = {label: bler_curves.end(points) for label, points in counted.items()}
    direct_labels.label(axes, direct_labels.labeled(axes), ends=ends)
    look.save(figure, path)
