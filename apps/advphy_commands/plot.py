# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw block error rates over Eb/N0 from CSVs of counts, with intervals and theory."""


def add_arguments(parser):
    """Declare the arguments."""
    parser.add_argument("csv", metavar="RUN.csv", nargs="+")
    parser.add_argument("--out", required=True, metavar="FIGURE.png",
                        help="format by its ending: png, svg, pdf")  # fmt: skip
    parser.add_argument("--title", default="")
    parser.add_argument(
        "--at-bler",
        type=float,
        metavar="RATE",
        help="print the Eb/N0 where each curve has this BLER, interpolated",
    )


def run(arguments):
    """Draw the figure."""
    from advphy_figures import bler_curves
    from advphy_model import counts, error_rate

    rows = counts.add_up(row for path in arguments.csv for row in counts.read(path))
    bler_curves.draw(rows, arguments.out, arguments.title)
    print(arguments.out)
    if arguments.at_bler is not None:
        for label, points in counts.curves(rows).items():
            found = error_rate.ebn0_db_at(points, arguments.at_bler)
            text = "not within the points" if found is None else f"{found:.2f} dB"
            print(f"{label:<44}{text}")
