# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure of block error rates over Eb/N0 or PSR, with 95 % intervals and theory."""

import numpy as np
from advphy_model.link import links
from advphy_model.measure.curve_looks import BLACK
from advphy_model.measure.curves import added, by_label
from advphy_model.measure.measurement_text import rated
from matplotlib.ticker import MaxNLocator

from advphy_figures import direct_labels, look

X_LABELS = {"ebn0_db": "Eb/N0 [dB]", "psr_db": "PSR [dB]"}
_WIDTH, _HEIGHT = 8.4, 4.8  # inches
_THEORY_POINTS = 101


def draw(rows, path, title="", x=None, claims=()):
    """Draw a curve for each setting in which the rows differ except x.

    Counts of one setting (other ranges or seeds) are added up. x is "ebn0_db" or
    "psr_db", or None: that of natural_x(). Claims are (x, BLER, text) of points that
    others report, drawn as stars. The ending of the path chooses the format; ValueError
    if it is not known, or if there is nothing to draw.
    """
    look.kind_of(path)
    draw_described(describe(rows, x, claims), path, title)


def natural_x(rows) -> str:
    """Return "psr_db" if the rows differ in PSR at one Eb/N0, otherwise "ebn0_db"."""
    psrs = {row.psr_db for row in rows if row.psr_db is not None}
    one = len({row.ebn0_db for row in rows}) == 1
    return "psr_db" if one and len(psrs) > 1 else "ebn0_db"


def describe(rows, x=None, claims=()) -> dict:
    """Return all numbers of the figure, as values for JSON.

    Each curve has a label, its link, its points with 95 % intervals (a point without
    errors has an upper bound at 95 %), and its theory, if there is one.
    """
    rows = list(rows)
    x = x or natural_x(rows)
    if x not in X_LABELS:
        raise ValueError(f"x = '{x}' is not known; choose from {', '.join(X_LABELS)}")
    if x == "psr_db" and not any(row.psr_db is not None for row in rows):
        raise ValueError("x = psr_db, but no row has an attack; omit --x")
    curves, with_theory = [], set()
    for label, members in by_label(rows, x).items():
        sums = added(members, x)
        order = sorted(sums, key=lambda at: -np.inf if at is None else at)
        points = [point_of(at, sums[at]) for at in order]
        level = next((p for p in points if p["x"] is None), None)
        points = [p for p in points if p["blocks"] or p.get("missed_frames")]
        curve = {"label": label, "link": members[0].link, "theory": None}
        if level:
            curve |= {"label": f"{label}, no attack", "level": level, "points": []}
        else:
            curve["points"] = points
        if x == "ebn0_db" and members[0].link not in with_theory:
            curve["theory"] = _theory(members)
        if curve["theory"]:
            with_theory.add(members[0].link)
        if points:
            curves.append(curve)
    if not curves:
        raise ValueError("there are no counts to draw")
    ebn0s = sorted({row.ebn0_db for row in rows})
    claims = [{"x": a, "bler": b, "text": text} for a, b, text in claims]
    described = {"figure": "bler", "x": x, "ebn0_db": ebn0s, "curves": curves}
    return described | {"claims": claims}


def point(x, failures, blocks) -> dict:
    """Return a point with its rate and interval, or its upper bound without errors."""
    counts = {"x": x, "failures": failures, "blocks": blocks}
    return counts | rated(failures, blocks) if blocks else counts


def point_of(x, row) -> dict:
    """Return the point of Counts at x, with the bursts sent and missed, if any."""
    found = point(x, row.failures, row.blocks)
    if getattr(row, "frames", 0):
        found |= {"frames": row.frames, "missed_frames": row.missed_frames}
    return found


def _theory(members):
    """Return the closed form or bound of an undisturbed link, or None."""
    theory = links.theory(members[0].link)
    settings = {(row.attack, row.canceller, row.channel) for row in members}
    if theory is None or settings != {("none", "none", "awgn")}:
        return None
    dbs = [row.ebn0_db for row in members]
    x = np.linspace(min(dbs), max(dbs), _THEORY_POINTS) if len(set(dbs)) > 1 else dbs
    what, bler = theory
    rates = [float(bler(db)) for db in x]
    return {"what": what, "x": [float(db) for db in x], "bler": rates}


@look.applied()
def draw_described(described, path, title=""):
    """Draw the result of describe(); path and title: see draw()."""
    figure = look.figure(_WIDTH, _HEIGHT)
    axes = figure.add_subplot()
    plot(axes, described)
    axes.set_title(title)
    look.caption(figure, _caption(described))
    notes, ends = {}, {}
    for curve in described["curves"]:
        if curve["theory"]:
            notes[curve["label"]] = f"dashed: {curve['theory']['what']}"
        if curve["points"]:
            ends[curve["label"]] = end(curve["points"])
    direct_labels.label(axes, direct_labels.labeled(axes), notes, ends)
    look.save(figure, path)


def end(points):
    """Return (x, y) of the last rate or bound of a curve, or None without blocks."""
    last = next((point for point in reversed(points) if point["blocks"]), None)
    return last and (last["x"], last["bler"] or last["high"])


def plot(axes, described):
    """Draw the curves into an axes; the label of each line is the curve's label."""
    axes.set_yscale("log")
    counted = [curve for curve in described["curves"] if "level" not in curve]
    number_of = {}
    for i, curve in enumerate(counted):
        number_of.setdefault(curve["link"], i)
        style = look.curve(i)
        plot_counted(axes, curve["label"], curve["points"], style)
        if curve["theory"]:
            x, bler = curve["theory"]["x"], curve["theory"]["bler"]
            dashed = {"linewidth": 0.9, "linestyle": look.THEORY}
            axes.plot(x, bler, color=style["color"], **dashed)
    ends = [point["x"] for curve in counted for point in curve["points"]] or [0.0]
    for curve in described["curves"]:
        if "level" in curve:  # in the color of its link's first curve
            rate = curve["level"]["bler"] or curve["level"]["high"]
            color = look.curve(number_of.get(curve["link"], len(counted)))["color"]
            its = {"label": curve["label"], "color": color, "linestyle": look.LEVEL}
            axes.plot([min(ends), max(ends)], [rate, rate], linewidth=1, **its)
    for claim in described["claims"]:  # a star with a text next to it
        star = {"marker": "*", "markersize": 11, "markerfacecolor": "white"}
        axes.plot(claim["x"], claim["bler"], color=BLACK, zorder=5, **star)
        look.note(axes, claim["text"], (claim["x"], claim["bler"]), (8, 6))
    axes.set(xlabel=X_LABELS[described["x"]], ylabel="block error rate (BLER)")
    ticks = MaxNLocator(integer=True, nbins=12, steps=[1, 2, 5, 10])
    axes.xaxis.set_major_locator(ticks)
    if min(ends) == max(ends):
        axes.set_xlim(ends[0] - 1, ends[0] + 1)
    _limit(axes, described)
    axes.grid()


def plot_counted(axes, label, points, style, bars=False):
    """Draw a curve: intervals as a band, upper bounds as arrows, missed bursts as x.

    With bars, the points are not connected and have bars as intervals.
    """
    seen = [p for p in points if p["failures"]]
    none = [p for p in points if p["blocks"] and not p["failures"]]
    x = [p["x"] for p in seen]
    low, rate, high = (np.array([p[k] for p in seen]) for k in ("low", "bler", "high"))
    if seen and bars:
        reach = np.maximum(0, [rate - low, high - rate])
        axes.errorbar(x, rate, reach, label=label, **style | {"linestyle": "none"})
    elif seen:
        look.band(axes, x, low, rate, high, style | {"label": label})
    if len(seen) == 1:
        axes.vlines(x, low, high, color=style["color"], linewidth=1)
    if none:
        at, bound = [p["x"] for p in none], np.array([p["high"] for p in none])
        thin = {"linestyle": "none", "linewidth": 1, "capsize": 2.5}
        color = style["color"]
        axes.errorbar(at, bound, bound * 0.5, uplims=True, color=color, **thin)
        style = style | {"linestyle": "none", "markerfacecolor": "white"}
        axes.plot(at, bound, label=None if seen else label, **style)
    for p in points:
        if p.get("missed_frames"):
            share = p["missed_frames"] / p["frames"]
            axes.plot(p["x"], share, color=style["color"], marker="x", markersize=7)


def _limit(axes, described):
    """Set the limits of y without the theory, which may extend far below the counts."""
    points = [p for c in described["curves"] for p in c["points"] or [c["level"]]]
    values = [p["low"] or p["high"] / 2 for p in points if p["blocks"]]
    values += [c["bler"] for c in described["claims"]]
    missed = [p for p in points if p.get("missed_frames")]
    values += [p["missed_frames"] / p["frames"] for p in missed]
    axes.set_ylim(min(values) / 1.6, min(axes.get_ylim()[1], 1.4))


def _caption(described):
    points = [p for c in described["curves"] for p in c["points"]]
    words = ["Bands and bars: 95 % intervals"]
    if any(p["blocks"] and not p["failures"] for p in points):
        words.append("arrows: no error seen, upper bound of the rate at 95 %")
    if any(p.get("missed_frames") for p in points):
        words.append("crosses: missed bursts, share of those sent")
    if described["x"] == "psr_db" and len(described["ebn0_db"]) == 1:
        words.append(f"Eb/N0 {described['ebn0_db'][0]:g} dB")
    if described["claims"]:
        words.append("stars: reported elsewhere")
    return "; ".join(words) + "."
