# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure of codebooks: a panel for each channel use, and a histogram of distances."""

import itertools

import numpy as np
from advphy_model.link.codebook_geometry import spectrum
from advphy_model.measure.curve_looks import BLACK, BLUE, VERMILLION

from advphy_figures import look

MOST_USES = 16  # panels that fit into a figure
MOST_NUMBERS = 32  # codewords that are numbered
_PANEL = 2.15  # inches
_LETTER, _LINE = 0.62, 1.15  # width and height of a letter, relative to the font size
_NEAR = 0.02  # of half the panel: points nearer than this are at one place
_IN_A_LINE = 4
_FAR = (0.0, 4.0, 9.0)  # additional distances from a point, in typographic points
_DIRECTIONS = [(np.cos(a), np.sin(a)) for a in np.arange(8) * np.pi / 4]


def describe(models) -> dict:
    """Return all numbers of the figure, as values for JSON; see require_room."""
    links = []
    for model in models:
        require_room(model)
        pairs = spectrum(model.codebook)
        link = {"link": model.name, "model_sha256": model.sha256}
        link |= {"k": model.k, "n": model.n, "codebook": pairs_of(model.codebook)}
        link |= {"minimum_distance": pairs[0][0]}
        link["distances"] = [{"distance": d, "pairs": count} for d, count in pairs]
        links.append(link)
    return {"figure": "constellation", "links": links}


def require_room(model):
    """Raise ValueError if a link has more channel uses than a figure has panels."""
    if model.n > MOST_USES:
        raise ValueError(
            f"link '{model.name}' has n = {model.n} channel uses, but the figure has "
            f"room for {MOST_USES} panels"
        )


def pairs_of(x) -> list:
    """Return complex [..., n] as nested lists of [real, imaginary] for JSON."""
    return np.stack([np.real(x), np.imag(x)], axis=-1).astype(float).tolist()


@look.applied()
def draw_described(described, path, title=""):
    """Draw the result of describe(); the ending of the path chooses the format."""
    links = described["links"]
    uses = max(link["n"] for link in links)
    alone = len(links) == 1 and uses > 4
    columns, rows = (uses // 2 + 1, 2) if alone else (uses + 1, len(links))
    width = max(columns * _PANEL, 4.5)
    figure = look.figure(width, rows * (_PANEL + 0.25) + 0.7)
    grid = figure.subplots(rows, columns, squeeze=False)
    lists = [list(grid.flat)] if alone else [list(row) for row in grid]
    reach = 1.25 * max(np.abs(link["codebook"]).max() for link in links)
    longest = max(link["distances"][-1]["distance"] for link in links)
    for axes_list, link in zip(lists, links, strict=True):
        for use in range(link["n"]):
            _panel(axes_list[use], link, use, reach)
        last = axes_list[link["n"]]
        _distances(last, link, longest)
        for axes in axes_list[link["n"] + 1 :]:
            axes.set_visible(False)
        if len(links) > 1:
            axes_list[0].set_ylabel(f"{link['link']}\nquadrature")
    figure.suptitle(title or ", ".join(link["link"] for link in links))
    words = "One panel for each channel use"
    if all(2 ** link["k"] <= MOST_NUMBERS for link in links):
        words += "; the numbers are the messages"
    words += ". E||x||² = n. Circle: one unit of energy. "
    look.caption(figure, f"{words}Last panel: number of pairs at each distance.")
    look.save(figure, path)


def _panel(axes, link, use, reach):
    points = np.array([row[use] for row in link["codebook"]])
    angle = np.linspace(0, 2 * np.pi, 181)
    axes.plot(np.cos(angle), np.sin(angle), color="0.75", linewidth=0.8)
    plane(axes, points, reach, f"channel use {use}", BLUE)
    if len(points) <= MOST_NUMBERS:
        write_numbers(axes, points, reach, _PANEL - 0.5)


def plane(axes, points, reach, title, color):
    """Draw points [M, 2] into an axes that is styled as a complex plane."""
    axes.axhline(0, color="0.85", linewidth=0.6, zorder=0)
    axes.axvline(0, color="0.85", linewidth=0.6, zorder=0)
    axes.plot(*points.T, "o", markersize=3.2, color=color)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", title=title)
    axes.set(xticks=(-1, 0, 1), yticks=(-1, 0, 1))
    axes.tick_params(labelsize="small")


def _distances(axes, link, longest):
    d = [pair["distance"] for pair in link["distances"]]
    pairs = [pair["pairs"] for pair in link["distances"]]
    least = link["minimum_distance"]
    if len(d) > 12:
        axes.hist(d, bins=24, range=(0, longest * 1.08), weights=pairs, color=BLUE)
    else:
        axes.vlines(d, 0, pairs, color=BLUE, linewidth=2.5)
        axes.plot(d, pairs, "o", color=BLUE)
    axes.axvline(least, color=VERMILLION, linestyle=look.THEORY, linewidth=1)
    left = least > 0.5 * longest  # the side with room for the text
    place = {"ha": "right" if left else "left", "va": "top"}
    place |= {"xycoords": ("data", "axes fraction"), "color": look.ink(VERMILLION)}
    look.note(axes, f"least {least:.3f}", (least, 1), (-3 if left else 3, 0), **place)
    axes.set(xlim=(0, longest * 1.08), xlabel="distance", title="pairs", ylim=(0, None))
    axes.set_box_aspect(1)
    axes.tick_params(labelsize="small")


def write_numbers(axes, points, reach, inches, color=BLACK, size=6.5):
    """Write each point's index next to it; points [M, 2] at one place share a text.

    The axes goes from -reach to reach in both directions and is about `inches` wide.
    The color is darkened if necessary; size is in typographic points.
    """
    unit = 2 * reach / (72 * inches)  # a typographic point in units of the axes
    groups = together(points, _NEAR * reach)
    centers = np.array([points[group].mean(axis=0) for group in groups])
    cuts = [range(0, len(group), _IN_A_LINE) for group in groups]
    texts = [
        [" ".join(map(str, group[i : i + _IN_A_LINE])) for i in cut]
        for group, cut in zip(groups, cuts, strict=True)
    ]
    dots = [(c, np.full(2, 2.2 * unit)) for c in centers]
    placed = []
    apart = np.hypot(*np.moveaxis(centers[:, None] - centers[None], -1, 0))
    crowded = (1 / (apart + 0.05)).sum(axis=1)  # how near each is to the others
    for i in np.argsort(crowded)[::-1]:
        lines = texts[i]
        half = np.array([_LETTER * max(map(len, lines)), _LINE * len(lines)])
        half *= unit * size / 2
        place = _place(centers[i], half, unit, reach, placed + dots)
        placed.append((place, half))
        its = {"color": look.ink(color), "fontsize": size, "linespacing": 1}
        axes.text(*place, "\n".join(lines), ha="center", va="center_baseline", **its)


def together(points, near) -> list:
    """Return lists of the indices of points at one place, nearer than `near`."""
    groups = []
    for i, point in enumerate(points):
        close = (g for g in groups if np.hypot(*(points[g[0]] - point)) < near)
        if (group := next(close, None)) is None:
            groups.append(group := [])
        group.append(i)
    return groups


def _place(center, half, unit, reach, taken):
    """Return the center of a text that overlaps the least with the taken boxes."""
    ways = itertools.product(_FAR, _DIRECTIONS)
    far, directions = map(np.array, zip(*ways, strict=True))
    places = center + directions * (half + (3.5 + far[:, None]) * unit)
    others, halves = (np.array(each)[:, None] for each in zip(*taken, strict=True))
    sides = np.minimum(places + half, others + halves)
    sides -= np.maximum(places - half, others - halves)
    overlaps = np.maximum(sides, 0).prod(axis=2).sum(axis=0) / (4 * half.prod())
    outside = np.maximum(np.abs(places) + half - reach, 0).sum(axis=1)
    cost = overlaps + 3 * outside / reach + 0.02 * far
    return places[cost.round(9).argmin()]  # the first of equal ones
