# SPDX-License-Identifier: GPL-3.0-or-later
"""The secrecy report: report.md, report.json, a figure and the counts."""

import json
from pathlib import Path

from advphy_figures import eve_accuracy
from advphy_model.atomic_file import atomic_file
from advphy_model.measure import table
from advphy_model.measure.error_rate import share
from advphy_model.measure.semantic_counts import SemanticCounts
from advphy_model.version import __version__

from advphy_training.evaluate.secrecy import (
    LENGTH,
    SORTED,
    STATIC,
    STOLEN,
    SURROGATE,
    majority,
)

SENTENCES = {
    STATIC: "trained on the link without security, as in the letter; never adapts",
    STOLEN: "no labels: an Eve of the base labels the output of Bob's stolen module",
    SURROGATE: "no labels of the target: trained on pairs that she trains herself",
    SORTED: "all labelled intercepts, of which she uses only what signs and "
    "permutations do not change",
    LENGTH: "all labelled intercepts, of which she uses only ||y||, which no rotation "
    "changes",
}


def write(done, folder, command) -> dict:
    """Write report.md, report.json, counts.csv and accuracy.png; return the report.

    `done` are secrecy.Adaptations, one per SNR. The report shows the command that
    repeats it. The folder exists.
    """
    folder, link = Path(folder), done[0].setting.link
    chance = majority(done[0].tested)
    found = [pair for one in done for pair in one.rows]  # (means, SemanticCounts)
    table.write(folder / "counts.csv", [row for _, row in found], SemanticCounts)
    curves = {}
    for means, row in found:
        curves.setdefault(means, {})[row.snr_db] = row.correct, row.frames
    title = f"Eve's accuracy on {link.name}"
    eve_accuracy.draw(curves, chance, folder / "accuracy.png", title)
    names = ("snr_db", "correct", "frames", "accuracy")
    picked = [{name: getattr(row, name) for name in names} for _, row in found]
    eves = [{"means": of[0]} | row for of, row in zip(found, picked, strict=True)]
    seen = [{"snr_db": one.setting.eve_snr_db, **one.images} for one in done]
    report = {
        "link": link.name,
        "model_sha256": link.sha256,
        "version": __version__,
        "command": command,
        "majority_share": chance,
        "eves": eves,
        "image_decoder": seen,
    }
    with atomic_file(folder / "report.json") as file:
        json.dump(report, file, indent=1)
    with atomic_file(folder / "report.md") as file:
        file.write(_page(report, done[0], found))
    return report


def _page(report, one, found):
    """Return report.md from report.json, one of the Adaptations, and the rows."""
    link, chance = one.setting.link, report["majority_share"]
    what = "a keyed pair" if link.keying != "none" else "no security"
    if link.hides and link.keying == "none":
        what = "a pair"
    rows = ["| Eve | SNR [dB] | accuracy (95 %) |", "|---|---|---|"]
    for means, row in found:
        accuracy = share(row.correct, row.frames).text(".4f")
        rows.append(f"| {means} | {row.snr_db:g} | {accuracy} |")
    there = {means for means, _ in found}
    seen = ["| her own image decoder, SNR [dB] | MSE | SSIM | MSE of the mean image |"]
    form = "| {snr_db:g} | {mse:.4f} | {ssim:.3f} | {mean_image_mse:.4f} |"
    seen += ["|---" * 4 + "|", *(form.format(**row) for row in report["image_decoder"])]
    best = max(row.accuracy for _, row in found)
    verdict = "None of these Eves is better than a blind one by more than 0.01."
    if best > chance + 0.01:
        verdict = f"The best Eve finds {best:.1%} of the labels, a blind one "
        verdict += f"{chance:.1%}: the link is not secret."
    parts = [
        f"# Secrecy of {link.name} ({what})",
        f"Measured on {len(one.tested)} images that Eve never saw "
        f"({one.tested.name}). The accuracy of a blind Eve, who always guesses the "
        f"most frequent label, is {chance:.4f}.",
        "![Eve's accuracy](accuracy.png)",
        "\n".join(rows),
        "\n".join(f"- {k}: {text}." for k, text in SENTENCES.items() if k in there),
        "\n".join(seen),
        verdict,
        "Made by:",
        f"    {report['command']}",
    ]
    return "\n\n".join(parts) + "\n"
