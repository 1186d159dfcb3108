# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of Bob's error and Eve's accuracy over SNR, and of one over the other."""

import numpy as np
from advphy_model.measure.curves import added, without_hash
from advphy_model.measure.error_rate import interval
from matplotlib.ticker import MaxNLocator

from advphy_figures import direct_labels, look

_OF_BRANCH = {"bob": "", "bob_without": ", without Bob's module"}


def describe(rows) -> dict:
    """Return all numbers of SemanticCounts over SNR, added up, as values for JSON."""
    if not rows:
        raise ValueError("there are no counts to draw")
    found = {"figure": "semantic", "mse": [], "accuracy": []}
    for label, points in _curves(rows).items():
        link, branch = _link_label(points[0]), points[0].branch
        curve = {"label": label, "link": link, "branch": branch}
        curve["points"] = [_point(row) for row in points]
        found["accuracy" if branch == "eve" else "mse"].append(curve)
    return found


def _curves(rows):
    """Return {label: rows added up, one for each SNR}."""
    rows, curves = list(rows), {}
    links = {row.link for row in rows}
    distinct = [
        name
        for name in ("engine", "images", "model_sha256")
        if len({(row.link, getattr(row, name)) for row in rows}) > len(links)
    ]
    for row in rows:
        curves.setdefault(_label(row, distinct), []).append(row)
    sums = {label: added(several, "snr_db") for label, several in curves.items()}
    return {label: [rows[db] for db in sorted(rows)] for label, rows in sums.items()}


def _label(row, distinct):
    words = _link_label(row)
    for name in distinct:
        words += f", {str(getattr(row, name))[:12]}"
    if row.branch == "eve":
        return f"{row.eve} on {words}"
    return words + _OF_BRANCH[row.branch]


def _link_label(row):
    words = row.link if row.pair == "none" else f"{row.link} ({row.pair} pair)"
    if row.attack != "none":
        words += f", {without_hash(row.attack)} at PSR {row.attack_psr_db:g} dB"
    return words


def _point(row):
    point = {"snr_db": row.snr_db, "frames": row.frames, "erasures": row.erasures}
    if row.branch == "eve":
        low, high = interval(row.correct, row.frames)
        point |= {"accuracy": row.accuracy, "correct": row.correct}
        return point | {"low": low, "high": high}
    if row.erasures == row.frames:
        return point | {"mse": None, "low": None, "high": None}
    low, high = row.mse_interval()
    return point | {"mse": row.mse, "low": low, "high": high}


@look.applied()
def draw_described(described, path, title=""):
    """Draw the result of describe(); the ending of the path chooses the format."""
    panels = [key for key in ("mse", "accuracy") if described[key]]
    figure = look.figure(6.6 * len(panels) if len(panels) > 1 else 7.6, 4.8)
    words = {"mse": "mean squared error of Bob's images", "accuracy": "accuracy of Eve"}
    styles = _styles(described)
    all_axes = figure.subplots(1, len(panels), squeeze=False)[0]
    look.caption(figure, "Bands: 95 % intervals.")
    figure.suptitle(title)
    for axes, key in zip(all_axes, panels, strict=True):
        lines = [
            (curve["label"], line)
            for curve in described[key]
            for line in _curve(axes, curve["points"], key, styles[curve["label"]])
        ]
        axes.set(xlabel="SNR [dB]", ylabel=words[key])
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        axes.set_ylim(0, 1 if key == "accuracy" else None)
        axes.grid()
        direct_labels.label(axes, lines)
    look.save(figure, path)


def _styles(described):
    """Return {label: style}: Bob and the first Eve of a link have one color."""
    found, number_of = {}, {}
    for curve in described["mse"] + described["accuracy"]:
        link = curve["link"]
        again = curve["branch"] == "eve" and (link, "eve") in number_of
        name = curve["label"] if again else link
        number = number_of.setdefault(name, len(set(number_of.values())))
        found[curve["label"]] = look.curve(number)
        if curve["branch"] == "eve":
            number_of.setdefault((link, "eve"), number)
        elif curve["branch"] == "bob_without":
            open_face = {"linestyle": look.LEVEL, "markerfacecolor": "white"}
            found[curve["label"]] = found[curve["label"]] | open_face
    return found


def _curve(axes, points, key, style):
    points = [point for point in points if point[key] is not None]
    x = [point["snr_db"] for point in points]
    low, value, high = ([p[k] for p in points] for k in ("low", key, "high"))
    return look.band(axes, x, low, value, high, style)


def describe_frontier(rows) -> dict:
    """Return Bob's MSE and Eve's accuracy, in a curve for each link and Eve.

    A point is an SNR at which both were measured. If one of them has a single SNR, it
    is paired with each SNR of the other. ValueError if there is no point.
    """
    bobs, eves = {}, {}
    for points in _curves(rows).values():
        for row in points:
            key = row.link, row.engine, row.images, row.pair, row.model_sha256
            if row.branch == "bob" and row.attack == "none":
                bobs.setdefault(key, []).append(row)
            elif row.branch == "eve":
                eves.setdefault((key, row.eve, row.eve_sha256), []).append(row)
    found = []
    for (key, name, _), readings in eves.items():
        bob = bobs.get(key, [])
        single = len(bob) == 1 or len(readings) == 1
        points = [
            {"bob": _point(b), "eve": _point(e)}
            for b in bob
            for e in readings
            if (single or b.snr_db == e.snr_db) and b.erasures < b.frames
        ]
        if points:
            label = f"{_link_label(readings[0])}, {name}"
            found.append({"label": label, "points": points})
    if not found:
        raise ValueError(
            "no link has counts of Bob and of Eve at one SNR; measure both: advphy "
            "measure-semantic LINK --eve EVE"
        )
    return {"figure": "secrecy", "curves": found}


@look.applied()
def draw_frontier(described, path, title=""):
    """Draw the result of describe_frontier(); path and title: see draw_described()."""
    figure = look.figure(7.6, 5.2)
    axes = figure.subplots()
    words = "Numbers: SNR of Bob in dB. Bars: 95 % intervals. "
    look.caption(figure, f"{words}Lower left is better for Alice and Bob.")
    lines = []
    for i, curve in enumerate(described["curves"]):
        style = look.curve(i)
        ends = [
            [p[who][k] for p in curve["points"]]
            for who, key in (("bob", "mse"), ("eve", "accuracy"))
            for k in ("low", key, "high")
        ]
        left, x, right, low, y, high = map(np.array, ends)
        bars = {"capsize": 2, "linestyle": "none", "linewidth": 1}
        y_bars, x_bars = [y - low, high - y], [x - left, right - x]
        axes.errorbar(x, y, y_bars, x_bars, color=style["color"], **bars)
        lines += [(curve["label"], line) for line in axes.plot(x, y, **style)]
        for point in curve["points"]:
            place = point["bob"]["mse"], point["eve"]["accuracy"]
            words, ink = f"{point['bob']['snr_db']:g}", look.ink(style["color"])
            look.note(axes, words, place, (4, 4), ink, fontsize="x-small")
    axes.set(xlabel="mean squared error of Bob's images", ylabel="accuracy of Eve")
    axes.set(title=title, ylim=(0, 1), xlim=(0, None))
    axes.grid()
    direct_labels.label(axes, lines)
    look.save(figure, path)
