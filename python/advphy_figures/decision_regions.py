# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure of a link's decision regions on a plane of its received space."""

import textwrap

import numpy as np
from advphy_model.link import codebook_geometry
from advphy_model.link.baselines.nearest_codeword import nearest_codeword
from advphy_model.link.codebook_geometry import inner
from advphy_model.measure.curve_looks import BLACK, COLORS, VERMILLION
from matplotlib.colors import ListedColormap, to_rgb

from advphy_figures import look

_TINT = 0.55  # share of white in a region's color
_IN_PLANE = 1e-3  # of sigma: largest distance of a codeword that is in the plane
_NARROWEST = 9  # grid points from rim to center of a region with room for a number


@look.applied()
def draw_described(described, path, title=""):
    """Draw the result of describe(); the ending of the path chooses the format."""
    figure = look.figure(6.4, 7.0)
    axes = figure.add_subplot()
    u, v = np.array(described["u"]), np.array(described["v"])
    decided = np.array(described["decided"])
    half = (u[1] - u[0]) / 2
    colors = regions_colored(decided)
    extent = (u[0] - half, u[-1] + half, v[0] - half, v[-1] + half)
    tints = [_TINT + (1 - _TINT) * np.array(to_rgb(color)) for color in COLORS]
    shades = {"vmin": 0, "vmax": len(COLORS) - 1, "cmap": ListedColormap(tints)}
    shades |= {"origin": "lower", "interpolation": "nearest"}
    axes.imshow(colors[decided], extent=extent, **shades)
    for s in np.unique(decided):
        axes.contour(u, v, decided == s, [0.5], colors=[look.QUIET], linewidths=0.7)
    _borders(axes, described, u, v)
    _number_regions(axes, described, u, v)
    _codewords(axes, described)
    if described["perturbation"]:
        _arrow(axes, described)
    axes.set(**_axis_labels(described))
    axes.set(aspect="equal", xlim=(u[0], u[-1]), ylim=(v[0], v[-1]))
    figure.suptitle(title or f"{described['link']}: decisions")
    look.caption(figure, textwrap.fill(_caption(described), 92))
    look.save(figure, path)


def regions_colored(decided) -> np.ndarray:
    """Return the number of a color for each message, uint8 [256]; neighbors differ.

    Colors are assigned greedily, to the largest region first. Neighbors have the same
    color only where a region has larger neighbors in all seven colors.
    """
    messages, sizes = np.unique(decided, return_counts=True)
    messages = messages[np.argsort(-sizes, kind="stable")].tolist()
    pairs = _neighbors(decided) if len(messages) > len(COLORS) else ()
    colors = {}
    for i, s in enumerate(messages):
        taken = {colors.get(b) for a, b in pairs if a == s}
        free = [c for c in range(len(COLORS)) if c not in taken]
        colors[s] = free[0] if pairs and free else i % len(COLORS)
    table = np.zeros(256, np.uint8)
    table[list(colors)] = list(colors.values())
    return table


def _borders(axes, described, u, v):
    """Draw the exact lines on which the nearest codeword changes."""
    names = ("codebook", "origin", "first", "second")
    book, *axes_of = (np.array(described[name]) @ (1, 1j) for name in names)
    plane = codebook_geometry.Plane(*axes_of)
    points = plane.points(*np.meshgrid(u, v)).reshape(-1, described["n"])
    seen = np.unique(nearest_codeword(points, book))
    points = points.astype(complex)
    # 2 Re <y, x> - ||x||^2 is largest for the nearest, and linear on the plane.
    scores = [2 * inner(points, book[s]) - inner(book[s], book[s]) for s in seen]
    scores = np.array(scores).reshape(len(seen), len(v), len(u))
    for i, j in sorted(_neighbors(scores.argmax(axis=0))):
        if i < j:
            others = np.delete(scores, (i, j), axis=0)
            difference = scores[i] - scores[j]
            if len(others):
                beaten = np.maximum(scores[i], scores[j]) < others.max(axis=0)
                difference = np.ma.array(difference, mask=beaten)
            dashed = {"linewidths": 1, "linestyles": [look.THEORY], "colors": [BLACK]}
            axes.contour(u, v, difference, [0], **dashed)


def _neighbors(labels):
    """Return the pairs of labels that touch, in both orders."""
    pairs = set()
    for a, b in ((labels[:, 1:], labels[:, :-1]), (labels[1:], labels[:-1])):
        edge = a != b
        pairs |= set(zip(a[edge].tolist(), b[edge].tolist(), strict=True))
    return pairs | {(b, a) for a, b in pairs}


def _number_regions(axes, described, u, v):
    """Write each region's message where it is widest, away from the codewords."""
    decided = np.array(described["decided"])
    u_of, v_of = np.meshgrid(u, v)
    clear = np.ones(decided.shape, bool)
    for word in described["codewords"]:
        if _in_plane(described, word):
            away = np.hypot(u_of - word["u"], v_of - word["v"])
            clear &= away > 1.3 * described["sigma"] + 0.05 * (u[-1] - u[0])
    codes = np.pad(np.where(clear, decided, -1), 1, constant_values=-1)
    for s in np.unique(decided):
        inside = codes == s
        depth = inside.astype(int)
        while inside.any():  # remove the rim until nothing is left
            moved = [np.roll(inside, by, axis) for by in (1, -1) for axis in (0, 1)]
            inside = np.logical_and.reduce([inside, *moved])
            depth += inside
        if depth.max() < _NARROWEST:
            continue
        row, column = np.unravel_index(depth.argmax(), depth.shape)
        its = {"fontsize": "large", "color": "0.25", "alpha": 0.8}
        axes.text(u[column - 1], v[row - 1], str(s), ha="center", va="center", **its)


def _codewords(axes, described):
    for word in described["codewords"]:
        if not _in_plane(described, word):
            continue
        axes.plot(word["u"], word["v"], "o", color=BLACK, markersize=5)
        below = word["u"], word["v"] - described["sigma"]
        bold = {"ha": "center", "va": "top", "fontsize": "medium", "fontweight": "bold"}
        look.note(axes, f"x{word['message']}", below, (0, -3), "black", **bold)
        _circle(axes, word["u"], word["v"], described["sigma"], BLACK)


def _in_plane(described, word):
    return described["n"] == 1 or word["off"] < _IN_PLANE * described["sigma"]


def _circle(axes, u, v, radius, color):
    angle = np.linspace(0, 2 * np.pi, 121)
    x, y = u + radius * np.cos(angle), v + radius * np.sin(angle)
    axes.plot(x, y, color=color, linewidth=1)


def _arrow(axes, described):
    p = described["perturbation"]
    at = described["codewords"][described["messages"][0]]
    tip = at["u"] + p["u"], at["v"] + p["v"]
    look.arrow(axes, (at["u"], at["v"]), tip, VERMILLION, 2)
    _circle(axes, *tip, described["sigma"], VERMILLION)
    bold = {"fontsize": "large", "fontweight": "bold"}
    look.note(axes, "p", tip, (5, -10), look.ink(VERMILLION), **bold)


def _axis_labels(described):
    if described["n"] == 1:
        return {"xlabel": "in phase", "ylabel": "quadrature"}
    (s, t), other = described["messages"][:2], described["messages"][-1]
    third = {"p": "p", "j": f"j (x{t} - x{s})"}.get(described["third"])
    along = f"component of {third or f'x{other} - x{s}'} orthogonal to it"
    return {"xlabel": f"along x{t} - x{s}", "ylabel": along}


def _caption(described):
    n, sigma = described["n"], described["sigma"]
    words = "Shades and numbers: decisions of the link's decoder. "
    if n > 1:
        names = ", ".join(f"x{s}" for s in described["messages"])
        if described["third"] == "p":
            names += f" and x{described['messages'][0]} + p"
        words = f"A plane of the received space C^{n} through {names}. {words}"
    words += (
        "Dashed: where the nearest codeword changes. "
        f"Circles: noise of one sigma ({sigma:.3f}) at Eb/N0 "
        f"{described['ebn0_db']:g} dB."
    )
    p = described["perturbation"]
    if p:
        words += f" p: {p['name']} at PSR {p['psr_db']:.2f} dB"
        if p["share"] <= 0.999:
            words += f"; {p['share']:.0%} of its power is in the plane"
        words += "."
    return words
