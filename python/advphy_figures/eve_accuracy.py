# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure of Eve's accuracy: bars of several Eves at one SNR, or curves over SNR."""

import numpy as np
from advphy_model.measure.curve_looks import COLORS

from advphy_figures import direct_labels, look


@look.applied()
def draw(curves, chance, path, title):
    """Draw the accuracy of several Eves, {label: {snr_db: (correct, frames)}}.

    It has 95 % intervals. chance is the share of the most frequent label, a line.
    path: see look.save.
    """
    snrs_db = sorted({snr_db for points in curves.values() for snr_db in points})
    height = 0.45 * len(curves) + 1.6 if len(snrs_db) == 1 else 4.6
    figure = look.figure(7.6, height)
    axes = figure.subplots()
    axes.set_title(title)
    if len(snrs_db) == 1:
        _bars(axes, curves, snrs_db[0], chance)
    else:
        _over_snr(axes, curves, chance)
    look.save(figure, path)


def _bars(axes, curves, snr_db, chance):
    labels = list(curves)
    counted = [(snr_db, *curves[label][snr_db]) for label in labels]
    _, low, shares, high = look.rates(counted)
    places = np.arange(len(labels))[::-1]
    bars = {"xerr": np.abs([low - shares, high - shares]), "capsize": 3}
    axes.barh(places, shares, height=0.6, color=COLORS[0], **bars)
    for place, share in zip(places, shares, strict=True):
        axes.text(share + 0.02, place, f"{share:.3f}", va="center", fontsize="small")
    axes.axvline(chance, color=look.QUIET, linestyle=look.THEORY, linewidth=1)
    above = {"va": "bottom", "fontsize": "small", "color": look.QUIET}
    axes.text(chance + 0.005, len(labels) - 0.5, "blind", **above)
    axes.set_yticks(places, labels)
    axes.set_xlim(0, 1.1)
    axes.set_ylim(-0.6, len(labels) - 0.1)
    axes.set_xlabel(f"accuracy at SNR {snr_db:g} dB")


def _over_snr(axes, curves, chance):
    lines = []
    for i, (label, points) in enumerate(curves.items()):
        counted = [(snr_db, *points[snr_db]) for snr_db in sorted(points)]
        (line,) = look.band(axes, *look.rates(counted), look.curve(i))
        lines.append((label, line))
    axes.axhline(chance, color=look.QUIET, linestyle=look.THEORY, linewidth=1)
    axes.set(ylim=(0, 1), xlabel="SNR [dB]", ylabel="accuracy of Eve")
    its = {"fontsize": "small", "color": look.QUIET}
    axes.text(0.01, chance + 0.01, "blind", transform=axes.get_yaxis_transform(), **its)
    axes.grid()
    direct_labels.label(axes, lines)
