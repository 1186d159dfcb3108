# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw block error rates over Eb/N0 from CSVs of counts, with intervals and theory."""


def add_arguments(parser):
    """Declare the arguments."""
    parser.add_argument("csv", metavar="RUN.csv", nargs="+")
    parser.add_argument("--out", required=True, metavar="FIGURE.png",
                        help="format by its ending: png, svg, pdf")  # fmt: skip
    parser.add_argument("--title", default="")


def run(arguments):
    """Draw the figure."""
    from advphy_figures import bler_curves
    from advphy_model import counts

    rows = counts.add_up(row for path in arguments.csv for row in counts.read(path))
    bler_curves.draw(rows, arguments.out, arguments.title)
    print(arguments.out)
