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
files with --perturbation) and measures it on all; the counts are beside the figure. Of
a CSV it draws what was counted, with the perturbations that `advphy measure` kept.
"""

import math

from advphy_commands import _pictures, _plot_inputs


def add_arguments(parser):
    """Declare the arguments."""
    parser.add_argument("what", metavar="[PICTURE] FILE|LINK", nargs="+")
    parser.add_argument(
        "--out",
        metavar="FIGURE.png",
        help="format by its ending: png, svg, pdf; with --json it may be left out",
    )
    parser.add_argument("--title", default="")
    group = parser.add_argument_group("bler")
    group.add_argument("--x", choices=("ebn0_db", "psr_db"))
    group.add_argument(
        "--at-bler",
        type=float,
        metavar="RATE",
        help="print the Eb/N0 where each curve has this BLER, interpolated",
    )
    group.add_argument(
        "--claim",
        action="append",
        default=[],
        metavar="X,BLER,TEXT",
        help="mark a point that others report",
    )
    group = parser.add_argument_group("links and attacks")
    group.add_argument("--ebn0-db", type=float, metavar="DB", help="(default 8)")
    group.add_argument(
        "--psr-db", type=float, metavar="DB", help="(default: the file's, or -6)"
    )
    group.add_argument(
        "--perturbation",
        action="append",
        default=[],
        metavar="FILE",
        help="what the adversary adds",
    )
    group.add_argument(
        "--codewords", metavar="A,B[,C]", help="that the slice of decisions contains"
    )
    group.add_argument("--link", help="whose codebook a perturbation is drawn over")
    group.add_argument(
        "--attack", metavar="NAME", help="to craft (default universal_pgd)"
    )
    group.add_argument("--min-errors", help="of a cell (default 200)")
    group.add_argument("--max-blocks", help="of a cell (default 1e7)")


def run(arguments):
    """Draw the figure, or print its numbers."""
    output = arguments.output
    if not (arguments.json or "-").endswith(("-", ".json")):  # it may be a CSV
        raise ValueError(f"--json {arguments.json}: wanted a name that ends in .json")
    picture, words = _picture(arguments)
    _refuse_idle(arguments, picture)
    if arguments.out is None and arguments.json is None:
        raise ValueError("--out is missing: where to write the figure, such as a.png")
    described, draw = _pictures.PICTURES[picture](arguments, words)
    if arguments.out is not None:
        draw(described, arguments.out, arguments.title)
        output.line(arguments.out)
        described["out"] = arguments.out
    output.note(**described)
    for label, found in described.get("at_bler", {}).get("ebn0_db", {}).items():
        text = "not within the points" if found is None else f"{found:.2f} dB"
        output.line(f"{label:<44}{text}")


def _picture(arguments):
    """Return the picture and the files or links it is of."""
    first, *rest = arguments.what
    if first in _pictures.PICTURES:
        if not rest:
            raise ValueError(f"{first} of what? give a file or a link behind it")
        return first, rest
    return _pictures.NATURAL[_plot_inputs.of_one_kind(arguments.what)], arguments.what


def _refuse_idle(arguments, picture):
    """Refuse options of other pictures, and numbers that are none."""
    for name, pictures in _pictures.OPTIONS.items():
        value = getattr(arguments, name)
        option = f"--{name.replace('_', '-')}"
        if value not in (None, []) and picture not in pictures:
            raise ValueError(
                f"{option} belongs to {', '.join(pictures)}, not {picture}"
            )
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{option} {value}: wanted a finite number")
