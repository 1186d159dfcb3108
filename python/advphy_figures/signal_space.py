# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure of a perturbation in signal space, and of the codeword pairs it affects."""

import numpy as np
from advphy_model import power
from advphy_model.link.baselines.nearest_codeword import q_function
from advphy_model.link.codebook_geometry import closings, distances
from advphy_model.measure.curve_looks import SKY, VERMILLION

from advphy_figures import constellation, look

MOST_PAIRS = 12  # pairs with a bar
_PANEL = 2.25  # inches


def describe(p, model, ebn0_db) -> dict:
    """Return all numbers of the figure, as values for JSON.

    `p` is a Perturbation as it arrives, universal or a table; ValueError if it does not
    fit the link model. Eb/N0, in dB, is that of the error rates of the pairs.
    """
    require_direction(p, model)
    constellation.require_room(model)
    sigma = power.noise_sigma(ebn0_db, model.rate)
    apart = distances(model.codebook)
    pairs = []
    for s, t, share in closings(model.codebook, p.rows):
        pair = {"sent": s, "decided": t, "distance": float(apart[s, t])}
        left = (1 - share) * apart[s, t] / 2
        pair |= {"closed": share, "left": float(left)}
        pairs.append(pair | {"pair_error_rate": q_function(left / sigma)})
    return {
        "figure": "perturbation",
        "perturbation": p.name,
        "kind": p.kind,
        "psr_db": p.psr_db,
        "victims": p.victims,
        "warning": p.warning_for(model),
        "link": model.name,
        "model_sha256": model.sha256,
        "ebn0_db": float(ebn0_db),
        "sigma": sigma,
        "rows": constellation.pairs_of(p.rows),
        "codebook": constellation.pairs_of(model.codebook),
        "pairs": pairs,
    }


def require_direction(p, model):
    """Refuse a perturbation that does not fit the link or is noise."""
    p.require_fit(model)
    if p.kind == "jammer":
        raise ValueError(
            f"perturbation '{p.name}' is noise and has no direction to draw; give a "
            "universal perturbation or a table"
        )


@look.applied()
def draw_described(described, path, title=""):
    """Draw the result of describe(); the ending of the path chooses the format."""
    uses = len(described["codebook"][0])
    columns = min(uses, 4)
    rows = -(-uses // columns)
    widths = [*[_PANEL] * columns, 3.6]
    figure = look.figure(sum(widths), max(rows * (_PANEL + 0.2) + 0.9, 3.6))
    grid = figure.add_gridspec(rows, columns + 1, width_ratios=widths)
    for use in range(uses):
        axes = figure.add_subplot(grid[use // columns, use % columns])
        _panel(axes, described, use)
    _bars(figure.add_subplot(grid[:, columns]), described)
    psr = f"PSR {described['psr_db']:.2f} dB"
    name = f"{described['perturbation']} against {described['link']}, {psr}"
    figure.suptitle(title or name)
    words = "Arrows: p in each channel use"
    if described["kind"] == "table":
        words += ", added to the codeword of each message"
    words += (
        "; dots: codewords. Bars: 2 Re<p, x_t - x_s> / ||x_t - x_s||², the\n"
        "share of the way from x_s to the border of x_t that p covers; next to them "
        f"the error rate of the pair at Eb/N0 {described['ebn0_db']:g} dB."
    )
    look.caption(figure, words)
    look.save(figure, path)


def _panel(axes, described, use):
    words = np.array([row[use] for row in described["codebook"]])
    reach = 1.25 * np.abs(described["codebook"]).max()
    constellation.plane(axes, words, reach, f"channel use {use}", SKY)
    if len(words) <= constellation.MOST_NUMBERS:
        constellation.write_numbers(axes, words, reach, _PANEL - 0.5, "0.5", 6)
    for s, row in enumerate(described["rows"]):
        start = words[s] if described["kind"] == "table" else np.zeros(2)
        look.arrow(axes, start, start + row[use], VERMILLION, 1.8)


def _bars(axes, described):
    pairs = described["pairs"][:MOST_PAIRS]
    places = np.arange(len(pairs))[::-1]
    closed = [pair["closed"] for pair in pairs]
    axes.barh(places, closed, height=0.65, color=VERMILLION, alpha=0.75)
    for place, pair in zip(places, pairs, strict=True):
        rate, at = f"{pair['pair_error_rate']:.1e}", (max(pair["closed"], 0), place)
        look.note(axes, rate, at, (4, 0), "black", va="center")
    axes.axvline(1, color=look.QUIET, linestyle=look.THEORY, linewidth=1)
    above = {"xycoords": ("data", "axes fraction"), "ha": "center"}
    look.note(axes, "border", (1, 1), (0, 2), **above)
    names = [f"{pair['sent']} $\\to$ {pair['decided']}" for pair in pairs]
    axes.set_yticks(places, names, fontsize="small")
    axes.set_xlim(min(0, *closed), max(1.08, 1.22 * max(closed)))
    axes.set_xlabel("share of half the distance")
    axes.tick_params(left=False)
