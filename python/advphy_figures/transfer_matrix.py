# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure of a transfer matrix: attacks on links they were not crafted against."""

from collections import Counter

import numpy as np
from advphy_model.measure.curve_looks import VERMILLION
from advphy_model.measure.curves import without_hash
from advphy_model.measure.measurement_text import rated
from matplotlib.colors import LogNorm
from matplotlib.patches import Rectangle

from advphy_figures import look

CLEAN = "no attack"
_CELL_WIDTH, _CELL_HEIGHT = 1.25, 0.62  # inches
_COLORS = "cividis"  # luminance rises with the value, also for color-blind readers


def describe(rows, perturbations=()) -> dict:
    """Return all numbers of the figure, as values for JSON.

    The rows are Counts at one Eb/N0 and PSR, or else ValueError; those without an
    attack have a row of their own in the matrix. An attack is named after the victims
    of its perturbation, whose hash its label contains, if that is known.
    """
    attacked = [row for row in rows if row.attack != "none"]
    if not attacked:
        raise ValueError("no row has an attack; measure with --attack")
    _refuse_several(attacked)
    ebn0_db = attacked[0].ebn0_db
    rows = [row for row in rows if row.ebn0_db == ebn0_db]
    names = _names({row.attack for row in attacked}, perturbations)
    counts = {}
    for row in rows:
        cell = names.get(row.attack, CLEAN), row.link
        failures, blocks = counts.get(cell, (0, 0))
        counts[cell] = failures + row.failures, blocks + row.blocks
    links = list(dict.fromkeys(row.link for row in rows))
    known = {link: number for number, link in enumerate(links)}
    made_for = sorted(set(names.values()), key=lambda n: (known.get(n, len(known)), n))
    if any(crafted == CLEAN for crafted, _ in counts):
        made_for.append(CLEAN)
    attacks = sorted({without_hash(row.attack) for row in attacked})
    cells = [_cell(*key, *counts[key]) for key in sorted(counts)]
    return {
        "figure": "transfer-matrix",
        "ebn0_db": ebn0_db,
        "psr_db": attacked[0].psr_db,
        "attacks": attacks,
        "crafted_against": made_for,
        "attacked": links,
        "cells": cells,
    }


def _refuse_several(attacked):
    """Refuse attacked rows that differ in more than link and perturbation."""
    for what in ("ebn0_db", "psr_db", "engine", "canceller", "channel"):
        values = sorted({str(getattr(row, what)) for row in attacked})
        if len(values) > 1:
            remedy = "give CSVs with one of them"
            if what in ("ebn0_db", "psr_db"):
                remedy = f"choose one with --{what.replace('_', '-')}"
            raise ValueError(
                f"the rows have several {what}: {', '.join(values)}; {remedy}"
            )
    models = {(row.link, row.model_sha256) for row in attacked}
    if len(models) > len({link for link, _ in models}):
        raise ValueError("several models have the same name; rename them")


def _names(attacks, perturbations):
    """Return {attack: name of its row}.

    The name consists of the victims, if the file is known, and of the settings in which
    the attack differs from others.
    """
    known = {p.sha256[:8]: p for p in perturbations}
    names = {}
    for attack in attacks:
        head, _, settings = attack.partition(", ")
        name, _, hash8 = head.rpartition(" ")
        p = known.get(hash8)
        words = [" + ".join(p.victims) if p and p.victims else head]
        if len({other.partition(" ")[0] for other in attacks}) > 1 and p:
            words.insert(0, name)
        names[attack] = ", ".join([*words, *([settings] if settings else [])])
    uses = Counter(names.values())
    return {key: name if uses[name] == 1 else key for key, name in names.items()}


def _cell(crafted, link, failures, blocks):
    cell = {"crafted_against": crafted, "attacked": link}
    cell |= {"failures": failures, "blocks": blocks, "bler": None}
    return cell | rated(failures, blocks) if blocks else cell


@look.applied()
def draw_described(described, path, title=""):
    """Draw the result of describe(); the ending of the path chooses the format."""
    made_for, links = described["crafted_against"], described["attacked"]
    cells = {(c["crafted_against"], c["attacked"]): c for c in described["cells"]}
    table = np.full((len(made_for), len(links)), np.nan)
    for (crafted, link), cell in cells.items():
        if cell["blocks"]:
            place = made_for.index(crafted), links.index(link)
            table[place] = cell["bler"] or cell["high"]
    width = _CELL_WIDTH * len(links) + 3.6
    figure = look.figure(width, _CELL_HEIGHT * len(made_for) + 2.6)
    axes = figure.add_subplot()
    norm = LogNorm(np.nanmin(table) / 1.5, min(1.5 * np.nanmax(table), 1))
    image = axes.imshow(table, cmap=_COLORS, norm=norm, aspect="auto")
    for (crafted, link), cell in cells.items():
        row, column = made_for.index(crafted), links.index(link)
        _write(axes, row, column, cell, image)
        if crafted == link:
            outline = {"fill": False, "edgecolor": VERMILLION, "linewidth": 2}
            corner = column - 0.48, row - 0.48
            axes.add_patch(Rectangle(corner, 0.96, 0.96, **outline))
    axes.set_xticks(range(len(links)), links, rotation=25, ha="right")
    axes.set_yticks(range(len(made_for)), made_for)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlabel="attacked link", ylabel="p was crafted against")
    figure.colorbar(image, label="block error rate (BLER)", shrink=0.9)
    name = f"{', '.join(described['attacks'])}: PSR {described['psr_db']:g} dB, "
    axes.set_title(title or f"{name}Eb/N0 {described['ebn0_db']:g} dB")
    words = "Below each rate: its 95 % interval. Outlined: p was crafted against this "
    look.caption(figure, f"{words}link.")
    look.save(figure, path)


def _write(axes, row, column, cell, image):
    if not cell["blocks"]:
        return
    if cell["failures"]:
        text = f"{cell['bler']:.2e}"
        small = f"{cell['low']:.1e} .. {cell['high']:.1e}"
        shade = cell["bler"]
    else:
        text, small, shade = f"< {cell['high']:.1e}", "no error", cell["high"]
    light = look.luminance(image.cmap(image.norm(shade))[:3]) > 0.18
    its = {"ha": "center", "va": "center", "color": "black" if light else "white"}
    axes.text(column, row - 0.1, text, **its)
    axes.text(column, row + 0.2, small, fontsize=6.5, **its)
