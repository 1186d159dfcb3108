# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw figures: block error rates, constellations, decision regions, attacks, secrecy.

PICTURE is bler, semantic, secrecy, constellation, decision-regions, perturbation or
transfer-matrix. Without it, the files decide what is drawn: for counts the BLER over
Eb/N0 (over PSR if only the PSR differs), for semantic counts Bob's error and Eve's
accuracy over SNR, for a link its constellation, for a perturbation its parts. The
extension of --out selects PNG, SVG or PDF. The same counts give the same file.

    advphy plot run.csv --out bler.svg --at-bler 1e-3
    advphy plot run.csv more.csv --out bler.png --claim "6,1e-3,[gan, Fig. 3]"
    advphy plot attacked.csv --x psr_db --out psr.png
    advphy plot images.csv --out semantic.png
    advphy plot secrecy images.csv --out frontier.png
    advphy plot constellation autoencoder_mlp two_simplices --out c.pdf
    advphy plot decision-regions gan_mlp --perturbation p.safetensors --out d.png
    advphy plot perturbation p.safetensors --psr-db -6 --out p.png
    advphy plot transfer-matrix gan_mlp pool_mlp max_margin --out transfer.png

For a transfer matrix of links, a perturbation is crafted against each link (needs
torch, or files with --perturbation) and measured on all links; the counts are written
next to the figure. For a transfer matrix of a CSV, its counts are drawn, with the
perturbations that `advphy measure` kept.
"""

import math
from dataclasses import dataclass

from advphy_commands import _pictures, _plot_inputs
from advphy_commands._options import changed, group, operand, option, repeated


def _claims(name, texts):
    found = []
    for text in texts:
        x, rate, words = [*text.split(",", 2), "", ""][:3]
        try:
            x, rate = float(x), float(rate)
        except ValueError:
            x = math.nan
        if not (math.isfinite(x) and 0 < rate <= 1 and words.strip()):
            rule = "X,BLER,TEXT with 0 < BLER <= 1"
            raise ValueError(f"{name} must be {rule}, got '{text}'")
        found.append((x, rate, words.strip()))
    return found


def _messages(name, text):
    try:
        return [int(word) for word in text.split(",")]
    except ValueError:
        rule = "two or three messages such as 3,7 or 3,7,9"
        raise ValueError(f"{name} must be {rule}, got '{text}'") from None


@dataclass(frozen=True)
class Curves:
    x: str = option("horizontal axis", choices=("ebn0_db", "psr_db"))
    at_bler: float = option(
        "print the Eb/N0 at which each curve reaches this BLER, interpolated",
        metavar="RATE",
    )
    claim: list = repeated(
        "X,BLER,TEXT", "mark a point of a publication; may be repeated", _claims
    )


@dataclass(frozen=True)
class Attacked:
    ebn0_db: float = option("Eb/N0 in dB (default 8)")
    psr_db: float = option("PSR in dB (default: that of the file, or -6)")
    perturbation: list = repeated("PERTURBATION", "file or name; may be repeated")
    codewords: list = option(
        "messages whose codewords the slice contains",
        None,
        _messages,
        metavar="A,B[,C]",
    )
    link: str = option("link whose codebook is drawn with a perturbation")
    attack: str = option("attack to craft with (default universal_pgd)", metavar="NAME")
    min_errors: int = option("block errors per cell (default 200)")
    max_blocks: int = option("most blocks per cell (default 1e7)")


@dataclass(frozen=True)
class Settings:
    what: list = operand("[PICTURE] FILE|LINK|NAME", "what is drawn", nargs="+")
    out: str = option(
        "file of the figure: png, svg or pdf; optional with --json",
        metavar="FIGURE.png",
    )
    title: str = option("title of the figure", "")
    curves: Curves = group(Curves, "bler")
    attacked: Attacked = group(Attacked, "links and attacks")

    @property
    def picture(self):
        """Return the name of the picture, and the files or links to draw."""
        first, *rest = self.what
        if first not in _pictures.PICTURES:
            return _pictures.NATURAL[_plot_inputs.of_one_kind(self.what)], self.what
        if not rest:
            raise ValueError(f"{first} needs a file or a link; give it after {first}")
        return first, rest


def run(settings, output):
    if not (output.json or "-").endswith(("-", ".json")):  # perhaps a CSV to draw
        raise ValueError(f"--json must be a name that ends in .json, got {output.json}")
    picture, words = settings.picture
    _refuse_idle(settings, picture)
    if settings.out is None and output.json is None:
        raise ValueError("--out is missing; give the file of the figure, such as a.png")
    described, draw = _pictures.described(picture, settings, words)
    if settings.out is not None:
        draw(described, settings.out, settings.title)
        output.line(settings.out)
        described["out"] = settings.out
    output.note(**described)
    for label, found in described.get("at_bler", {}).get("ebn0_db", {}).items():
        text = "not within the points" if found is None else f"{found:.2f} dB"
        output.line(f"{label:<44}{text}")


def _refuse_idle(settings, picture):
    for given, value in (changed(settings.curves) | changed(settings.attacked)).items():
        pictures = _pictures.OPTIONS[given]
        if picture not in pictures:
            raise ValueError(f"{given} belongs to {', '.join(pictures)}, not {picture}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{given} must be a finite number, got {value}")
