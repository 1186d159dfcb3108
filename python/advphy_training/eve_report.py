# SPDX-License-Identifier: GPL-3.0-or-later
"""What secrecy is left against an Eve who adapts: train her, measure, report."""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from advphy_figures import eve_accuracy
from advphy_model.atomic_file import atomic_file
from advphy_model.link.eavesdropper import Eve
from advphy_model.measure import image_quality, semantic_chain, table
from advphy_model.measure.error_rate import interval
from advphy_model.measure.semantic_chain import SemanticSetting
from advphy_model.measure.semantic_counts import SemanticCounts
from advphy_model.network.packed_network import PackedNetwork
from advphy_model.version import __version__

from advphy_training import adaptation, eves_means
from advphy_training.adaptation import Effort
from advphy_training.schemes import paired_arn

STATIC, STOLEN, SURROGATE = "static", "stolen Bob", "own Alices"
SORTED = "sorted magnitudes"
SENTENCES = {
    STATIC: "trained on the link without security, as in the letter; never adapts",
    STOLEN: "no labels: what Bob's stolen module undoes, an Eve of the base labels",
    SURROGATE: "no labels of the target: learns from pairs that she trains herself",
    SORTED: "all labelled intercepts, and looks only at what signs and permutations "
    "leave as it was",
}
SURROGATES = (101, 102, 103)  # seeds of Eve's own pairs


@dataclass
class Adaptation:
    """The target, what Eve spends, and what she came to.

    Args:
        setting: SemanticSetting of the target with the images she records
            (training images); its eve is the static one.
        tested: Images to measure on, which she has never seen.
        record: function (setting, frames) -> complex64 [frames, n].
        counts: numbers of labelled intercepts.
        knows_base: Eve trained on the base over the SNRs, or None.
        surrogate_steps: of the training of each of her own pairs; 0: none.
        effort: Effort.
        rows: [(means, SemanticCounts)] measured so far.
        eves: Eves by means.
        images: mean squared errors of her own image decoder and of the mean image.
    """

    setting: SemanticSetting
    tested: object
    record: object
    counts: tuple
    knows_base: Eve | None = None
    surrogate_steps: int = 2000
    effort: Effort = field(default_factory=Effort)
    rows: list = field(default_factory=list)
    eves: dict = field(default_factory=dict)
    images: dict = field(default_factory=dict)

    def run(self):
        """Yield the means of each Eve when she has been measured."""
        for means, eve in self._eves():
            self.eves[means] = eve
            self.rows.append((means, self.measure(eve)))
            yield means
        self._decode_images()
        yield "image decoder"

    def measure(self, eve):
        """Return the row of an Eve on the test images."""
        setting = dataclasses.replace(
            self.setting, images=self.tested, eve=eve, branches=("eve",)
        )
        frames = len(self.tested)
        return semantic_chain.total(setting, frames, self._behind(frames))["eve"]

    def _behind(self, frames):
        """Return a first frame whose keys Eve has not recorded, if there are keys."""
        if self.setting.link.keying == "none":
            return 0
        return -(-max(self.counts) // frames) * frames  # images in their order

    def _eves(self):
        """Yield (means, Eve) from the one who knows least to the one who knows most."""
        setting, static = self.setting, self.setting.eve
        if static is not None:
            yield STATIC, static
        most = max(self.counts)
        if setting.link.keying == "none" and "alice" in setting.link.networks:
            if self.surrogate_steps:
                yield SURROGATE, self._adapted(SURROGATE, self._own_alices(most))
            if self.knows_base is not None:
                stolen = eves_means.from_stolen_bob(
                    setting, self.record, most, self.knows_base
                )
                yield STOLEN, self._adapted(STOLEN, stolen)
        recorded = eves_means.labelled(setting, self.record, most)
        for count in sorted(self.counts):
            means = f"{count} labelled intercepts"
            yield means, self._adapted(means, recorded.take(count))
        if setting.link.keying != "none":
            yield SORTED, self._adapted(SORTED, recorded, (adaptation.SORTED,))
        self._recorded = recorded

    def _own_alices(self, frames):
        known = self.setting.link.recipe.get("settings", {})
        same = {"epsilon", "power_reading", "block"}  # public: the letter's recipe
        settings = paired_arn.Settings(
            **{key: value for key, value in known.items() if key in same},
            steps=self.surrogate_steps,
        )
        each = max(1, frames // len(SURROGATES))
        return eves_means.from_surrogates(self.setting, each, settings, SURROGATES)

    def _adapted(self, means, intercepts, fronts=((),)):
        name = f"eve: {means}"
        start = self.setting.eve if fronts == ((),) else None
        eve = adaptation.adapt(
            intercepts, self.effort, name, start, self.tested.classes, fronts
        )
        return dataclasses.replace(
            eve, listened_to={self.setting.link.name: self.setting.link.sha256}
        )

    def _decode_images(self):
        """Train her own decoder of images on known pictures; measure it on others."""
        pixels = self.setting.images.as_reals()
        which = np.arange(len(self._recorded.y)) % len(pixels)
        decoder, _ = adaptation.image_decoder(
            self._recorded, pixels[which], self.effort
        )
        best = self.eves[f"{max(self.counts)} labelled intercepts"]
        networks = best.networks | {"image_decoder": decoder}
        self.eves["all"] = dataclasses.replace(
            best, name="adapted_eve", networks=networks
        )
        sent = self.tested.as_reals()
        first = self._behind(len(sent))
        seen = seen_by(self.eves["all"], self.setting, self.tested, first)
        mean = np.broadcast_to(pixels.mean(axis=0), sent.shape)
        self.images = {
            "mse": float(image_quality.mse(seen, sent).mean()),
            "ssim": float(image_quality.ssim(seen, sent, self.tested.shape).mean()),
            "mean_image_mse": float(image_quality.mse(mean, sent).mean()),
        }


def seen_by(eve, setting, tested, first_frame=0) -> np.ndarray:
    """Return the images that Eve's own decoder makes of what she receives."""
    y = semantic_chain.record(
        dataclasses.replace(setting, images=tested, eve=eve), len(tested), first_frame
    )
    out = np.empty((len(tested), tested.as_reals().shape[1]), np.float32)
    PackedNetwork(eve.networks["image_decoder"], complex_input=True).run(y, out)
    return out


def majority(images) -> float:
    """Return the share of the most frequent label: what a blind Eve reaches."""
    return float(np.bincount(images.labelled()).max() / len(images))


def write(done, folder, command) -> None:
    """Write report.md, report.json, counts, figure and the Eves into a folder.

    Args:
        done: Adaptations, one an SNR, complete.
        folder: exists.
        command: that made it.
    """
    folder = Path(folder)
    rows = [row for one in done for _, row in one.rows]
    table.write(folder / "counts.csv", rows, SemanticCounts)
    chance = majority(done[0].tested)
    eve_accuracy.draw(
        _curves(done),
        chance,
        folder / "accuracy.png",
        f"Eve's accuracy on {done[0].setting.link.name}",
    )
    with atomic_file(folder / "report.md") as file:
        file.write(_page(done, chance, command))
    with atomic_file(folder / "report.json") as file:
        json.dump(_numbers(done, chance, command), file, indent=1)


def _curves(done):
    """Return {label: {SNR: (correct, frames)}}."""
    found = {}
    for one in done:
        for means, row in one.rows:
            found.setdefault(means, {})[row.snr_db] = row.correct, row.frames
    return found


def _numbers(done, chance, command):
    return {
        "link": done[0].setting.link.name,
        "model_sha256": done[0].setting.link.sha256,
        "version": __version__,
        "command": command,
        "majority_share": chance,
        "eves": [
            {
                "snr_db": row.snr_db,
                "means": means,
                "correct": row.correct,
                "frames": row.frames,
                "accuracy": row.accuracy,
            }
            for one in done
            for means, row in one.rows
        ],
        "image_decoder": [
            {"snr_db": one.setting.eve_snr_db, **one.images} for one in done
        ],
    }


def _page(done, chance, command):
    link = done[0].setting.link
    what = (
        "a keyed pair"
        if link.keying != "none"
        else "a pair"
        if link.hides
        else ("no security")
    )
    lines = [
        f"# What is left to Eve of {link.name} ({what})",
        "",
        f"Measured on {len(done[0].tested)} images that she never saw "
        f"({done[0].tested.name}). A blind Eve who says the most frequent label is "
        f"right in {chance:.4f}.",
        "",
        "![Eve's accuracy](accuracy.png)",
        "",
        "| Eve | SNR [dB] | accuracy (95 %) |",
        "|---|---|---|",
    ]
    for one in done:
        for means, row in one.rows:
            low, high = interval(row.correct, row.frames)
            lines.append(
                f"| {means} | {row.snr_db:g} | {row.accuracy:.4f} "
                f"({low:.4f}..{high:.4f}) |"
            )
    lines += [
        "",
        *(
            f"- {means}: {text}."
            for means, text in SENTENCES.items()
            if any(means == name for one in done for name, _ in one.rows)
        ),
        "",
        "| her own image decoder, SNR [dB] | MSE | SSIM | MSE of the mean image |",
        "|---|---|---|---|",
    ]
    for one in done:
        lines.append(
            "| {snr:g} | {mse:.4f} | {ssim:.3f} | {mean_image_mse:.4f} |".format(
                snr=one.setting.eve_snr_db, **one.images
            )
        )
    best = max(row.accuracy for one in done for _, row in one.rows)
    lines += ["", _verdict(best, chance), "", "Made by:", "", f"    {command}", ""]
    return "\n".join(lines)


def _verdict(best, chance):
    if best <= chance + 0.01:
        return "No Eve tried is better than a blind one, by more than one in a hundred."
    return (
        f"The best Eve reads {best:.1%} of the labels, a blind one {chance:.1%}: what "
        "is left is not secret from her."
    )
