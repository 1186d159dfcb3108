# SPDX-License-Identifier: GPL-3.0-or-later
"""Eve's accuracy: bars of several Eves at one SNR, or curves over SNR."""

from pathlib import Path

import numpy as np
from advphy_model.atomic_file import atomic_file
from advphy_model.error_rate import interval
from matplotlib.figure import Figure

from advphy_figures.bler_curves import COLOURS, MARKERS


def draw(curves, chance, path, title):
    """Draw the accuracy of several Eves with 95 % intervals.

    Args:
        curves: {label: {snr_db: (correct, frames)}}.
        chance: share of the most frequent label, drawn as a line.
        path: where to write, a .png.
        title: above the figure.
    """
    snrs_db = sorted({snr_db for points in curves.values() for snr_db in points})
    figure = Figure((7.0, 0.45 * len(curves) + 1.6 if len(snrs_db) == 1 else 4.6),
                    layout="constrained")  # fmt: skip
    axes = figure.subplots()
    if len(snrs_db) == 1:
        _bars(axes, curves, snrs_db[0], chance)
    else:
        _over_snr(axes, curves, chance)
    axes.set_title(title, fontsize="medium")
    with atomic_file(path, "wb") as file:
        figure.savefig(file, format=Path(path).suffix[1:], dpi=130)


def _bars(axes, curves, snr_db, chance):
    labels = list(curves)
    counts = [curves[label][snr_db] for label in labels]
    shares = np.array([correct / frames for correct, frames in counts])
    bounds = np.array([interval(*point) for point in counts])
    places = np.arange(len(labels))[::-1]
    axes.barh(places, shares, height=0.6, color=COLOURS[0],
              xerr=np.abs(bounds.T - shares), capsize=3)  # fmt: skip
    for place, share in zip(places, shares, strict=True):
        axes.text(share + 0.02, place, f"{share:.3f}", va="center", fontsize="small")
    axes.axvline(chance, color="0.3", linestyle="--", linewidth=1)
    axes.text(chance + 0.005, len(labels) - 0.5, "blind", fontsize="small",
              color="0.3", va="bottom")  # fmt: skip
    axes.set_yticks(places, labels)
    axes.set_xlim(0, 1.1)
    axes.set_ylim(-0.6, len(labels) - 0.1)
    axes.set_xlabel(f"accuracy at SNR {snr_db:g} dB")


def _over_snr(axes, curves, chance):
    for i, (label, points) in enumerate(curves.items()):
        x = sorted(points)
        shares = [points[db][0] / points[db][1] for db in x]
        bounds = np.transpose([interval(*points[db]) for db in x])
        look = {"color": COLOURS[i % len(COLOURS)]}
        axes.fill_between(x, *bounds, alpha=0.3, linewidth=0, **look)
        axes.plot(x, shares, marker=MARKERS[i % len(MARKERS)], markersize=4,
                  label=label, **look)  # fmt: skip
    axes.axhline(chance, color="0.3", linestyle="--", linewidth=1, label="blind")
    axes.set_ylim(0, 1)
    axes.set_xlabel("SNR [dB]")
    axes.set_ylabel("accuracy")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, fontsize="small", loc="center left",
                bbox_to_anchor=(1, 0.5))  # fmt: skip
