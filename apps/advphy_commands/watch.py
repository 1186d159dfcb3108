# SPDX-License-Identifier: GPL-3.0-or-later
"""Watch what flowgraphs publish: in a window, in the terminal, as a picture or a CSV.

A Publisher block sends what counters and meters say. Where there is a screen this opens
a window, else it prints; --png, --csv and --json work without either. It waits for
flowgraphs that are not there yet, and goes on when they come back. The CSV has the
counts of block errors, and `advphy plot` reads it; figures of images and of Eve are
shown, not recorded.
"""

ADDRESS = "tcp://127.0.0.1:5570"


def add_arguments(parser):
    """Declare the arguments."""
    parser.add_argument(
        "address",
        nargs="*",
        metavar="ADDRESS",
        default=[ADDRESS],
        help=f"of publishers; default {ADDRESS}",
    )
    parser.add_argument(
        "--keys",
        metavar="FOLDER",
        help="keys of `advphy publish-keys`, for publishers that want them",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--window",
        action="store_true",
        help="open a window; the default where there is a screen",
    )
    how.add_argument(
        "--terminal",
        action="store_true",
        help="print: a table that changes, or lines into a file",
    )
    how.add_argument(
        "--once", action="store_true", help="print what was measured last, and end"
    )
    parser.add_argument(
        "--png",
        metavar="FIGURE.png",
        help="draw BLER curves every few seconds and at the end",
    )
    parser.add_argument(
        "--csv",
        metavar="RUN.csv",
        help="record counts for `advphy plot`; goes on with a file that is there",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        metavar="N",
        help="end after so long; default: at Ctrl-C",
    )
    parser.add_argument(
        "--x",
        default="ebn0_db",
        metavar="SETTING",
        help="horizontal axis of the window: ebn0_db, psr_db ...",
    )


def run(arguments):
    """Watch until the time is over, the window closed, or Ctrl-C."""
    import math

    from advphy_commands import _watching

    seconds = arguments.seconds
    if seconds is not None and not (math.isfinite(seconds) and seconds > 0):
        raise ValueError(f"--seconds {seconds:g}, wanted a number above 0")
    return _watching.watch(arguments)
