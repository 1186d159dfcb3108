# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw figures: block error rates, constellations, decision regions, attacks, secrecy.

PICTURE is bler, semantic, secrecy, constellation, decision-regions, perturbation or
transfer-matrix. Without it the files say what is drawn: counts give BLER over Eb/N0
(over PSR where only that differs), semantic counts Bob's error and Eve's accuracy over
SNR, a link its constellation, a perturbation its parts. The ending of --out chooses
PNG, SVG or PDF; the same counts give the same file.

    advphy plot run.csv --out bler.svg --at-bler 1e-3
    advphy plot run.csv more.csv --out bler.png --claim "6,1e-3,[gan, Fig. 3]"
    advphy plot attacked.csv --x psr_db --out psr.png
    advphy plot images.csv --out semantic.png
    advphy plot secrecy images.csv --out frontier.png
    advphy plot constellation autoencoder_mlp two_simplices --out c.pdf
    advphy plot decision-regions gan_mlp --perturbation p.safetensors --out d.png
    advphy plot perturbation p.safetensors --psr-db -6 --out p.png
    advphy plot transfer-matrix gan_mlp pool_mlp max_margin --out transfer.png

A transfer matrix of links crafts a perturbation against each (needs torch; else give
files with --perturbation) and measures it on all; the counts are next to the figure. Of
a CSV it draws what was counted, with the perturbations that `advphy measure` kept.
"""

import math
from dataclasses import dataclass

from advphy_commands import _pictures, _plot_inputs
from advphy_commands._numbers import whole
from advphy_commands._options import changed, group, operand, option, repeated


def _claims(name, texts):
    """Return (x, BLER, words) of each point that others report."""
    return [_claim(name, text) for text in texts]


def _claim(name, text):
    x, _, rest = text.partition(",")
    rate, _, words = rest.partition(",")
    try:
        x, rate = float(x), float(rate)
    except ValueError:
        x = math.nan
    if not (math.isfinite(x) and 0 < rate <= 1 and words.strip()):
        raise ValueError(
            f"{name} must be X,BLER,TEXT with BLER within 0..1, got '{text}'"
        )
    return x, rate, words.strip()


def _messages(name, text):
    try:
        return [int(word) for word in text.split(",")]
    except ValueError:
        raise ValueError(
            f"{name} must be two or three messages with commas, such as 3,7, got "
            f"'{text}'"
        ) from None


@dataclass(frozen=True)
class Curves:
    """What is drawn into block error rates."""

    x: str = option(None, None, choices=("ebn0_db", "psr_db"))
    at_bler: float = option(
        None,
        "print the Eb/N0 where each curve has this BLER, interpolated",
        type=float,
        metavar="RATE",
    )
    claim: list = repeated("X,BLER,TEXT", "mark a point that others report", _claims)


@dataclass(frozen=True)
class Attacked:
    """What is drawn of links and attacks."""

    ebn0_db: float = option(None, "(default 8)", type=float, metavar="DB")
    psr_db: float = option(
        None, "(default: the file's, or -6)", type=float, metavar="DB"
    )
    perturbation: list = repeated("FILE", "what the adversary adds")
    codewords: list = option(
        None, "that the slice of decisions contains", _messages, metavar="A,B[,C]"
    )
    link: str = option(None, "whose codebook a perturbation is drawn over")
    attack: str = option(None, "to craft (default universal_pgd)", metavar="NAME")
    min_errors: int = option(None, "of a cell (default 200)", whole)
    max_blocks: int = option(None, "of a cell (default 1e7)", whole)


@dataclass(frozen=True)
class Settings:
    """What is drawn, of which files or links."""

    what: list = operand("[PICTURE] FILE|LINK", nargs="+")
    out: str = option(
        None,
        "format by its ending: png, svg, pdf; with --json it may be left out",
        metavar="FIGURE.png",
    )
    title: str = option("")
    curves: Curves = group(Curves, "bler")
    attacked: Attacked = group(Attacked, "links and attacks")

    @property
    def picture(self):
        """Return the picture and the files or links it is of."""
        first, *rest = self.what
        if first not in _pictures.PICTURES:
            return _pictures.NATURAL[_plot_inputs.of_one_kind(self.what)], self.what
        if not rest:
            raise ValueError(f"{first} of what? give a file or a link after it")
        return first, rest


def run(settings, output):
    """Draw the figure, or print its numbers."""
    if not (output.json or "-").endswith(("-", ".json")):  # it may be a CSV
        raise ValueError(f"--json must be a name that ends in .json, got {output.json}")
    picture, words = settings.picture
    _refuse_idle(settings, picture)
    if settings.out is None and output.json is None:
        raise ValueError("--out is missing: where to write the figure, such as a.png")
    described, draw = _pictures.PICTURES[picture](settings, words)
    if settings.out is not None:
        draw(described, settings.out, settings.title)
        output.line(settings.out)
        described["out"] = settings.out
    output.note(**described)
    for label, found in described.get("at_bler", {}).get("ebn0_db", {}).items():
        text = "not within the points" if found is None else f"{found:.2f} dB"
        output.line(f"{label:<44}{text}")


def _refuse_idle(settings, picture):
    """Refuse options of other pictures, and numbers that are none."""
    for given, value in (changed(settings.curves) | changed(settings.attacked)).items():
        pictures = _pictures.OPTIONS[given]
        if picture not in pictures:
            raise ValueError(f"{given} belongs to {', '.join(pictures)}, not {picture}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{given} must be a finite number, got {value}")
