# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a semantic link over SNR: Bob's images and Eve's labels.

LINK is a file, or a name that `advphy info` lists. Both branches hang on one
transmitter; Eve may be nearer or farther than Bob (--eve-snr-db). Rows of sums go to
the CSV: bob, bob_without (Alice's module is in, Bob's is not) and eve, an SNR each.
"""

import argparse
import dataclasses

from advphy_model.files import images
from advphy_model.link import secret_file
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure.error_rate import StopRule, interval
from advphy_model.measure.semantic_chain import SemanticSetting
from advphy_model.measure.semantic_counts import BRANCHES, SemanticCounts

from advphy_commands import _measuring
from advphy_commands._numbers import db_range, whole


def add_arguments(parser):
    """Declare the arguments."""
    parser.add_argument("link", metavar="LINK")
    parser.add_argument(
        "--snr-db",
        default="0:20:5",
        metavar="FIRST:LAST:STEP",
        help="Bob's SNR in dB: a number, several with commas, or a range "
        "(default %(default)s)",
    )
    parser.add_argument("--eve", metavar="EVE", help="a file or a name; without: none")
    parser.add_argument(
        "--eve-snr-db", metavar="DB", help="one SNR of Eve's (default: that of Bob)"
    )
    parser.add_argument("--images", default="mnist_test", help="(default %(default)s)")
    parser.add_argument("--frames", help="images sent at each SNR (default: all, once)")
    parser.add_argument("--first-frame", default="0", help="(default %(default)s)")
    switch = argparse.BooleanOptionalAction
    parser.add_argument(
        "--alice", action=switch, default=True, help="send through Alice's module"
    )
    parser.add_argument(
        "--bob", action=switch, default=True, help="measure with Bob's module, too"
    )
    parser.add_argument(
        "--key-file",
        metavar="FILE",
        help="the secret of a keyed link (mode 0600); without: asked for",
    )
    parser.add_argument("--seed", type=int, default=1, help="(default %(default)s)")
    parser.add_argument(
        "--engine",
        choices=("flowgraph", "loop"),
        default="flowgraph",
        help="both decide the same (default %(default)s)",
    )
    parser.add_argument("--out", required=True, metavar="FILE.csv")


def run(arguments):
    """Measure and print a line for each SNR and branch."""
    link = SemanticLink.load(arguments.link)
    sent = images.load(arguments.images)
    points = db_range("--snr-db", arguments.snr_db)
    frames = len(sent)
    if arguments.frames is not None:
        frames = whole("--frames", arguments.frames)
    first = whole("--first-frame", arguments.first_frame)
    if frames < 1:
        raise ValueError(f"--frames {arguments.frames}: wanted at least 1")
    unkeyed = link.keying == "none"  # no secret, and none may be given
    secret = secret_of(arguments, link) if arguments.alice or unkeyed else None
    settings = [
        SemanticSetting(
            link=link,
            images=sent,
            snr_db=snr_db,
            eve_snr_db=_eve_snr_db(arguments, snr_db),
            eve=Eve.load(arguments.eve) if arguments.eve else None,
            alice=arguments.alice,
            branches=BRANCHES if arguments.bob else BRANCHES[1:],
            secret=secret,
            seed=arguments.seed,
        )
        for snr_db in points
    ]
    if not settings[0].measured:
        raise ValueError(
            "there is nothing to measure: without --eve and without Bob's module, the "
            "link must have a pair that is in"
        )
    measurement = _measuring.Measurement(
        settings,
        StopRule(min_errors=None, max_blocks=frames),
        arguments.out,
        SemanticCounts,
        {
            "first": first,
            "engine": arguments.engine,
            "counted": _counted(arguments.engine),
        },
    )
    table = _measuring.Table(HEADER, "SNR", _numbers, _line)
    _measuring.run(arguments.output, measurement, table)


def _eve_snr_db(arguments, snr_db):
    if arguments.eve_snr_db is None:
        return snr_db
    found = db_range("--eve-snr-db", arguments.eve_snr_db)
    if len(found) > 1:
        raise ValueError(
            f"--eve-snr-db '{arguments.eve_snr_db}': wanted one number; measure each "
            "of Eve's SNRs with a command of its own"
        )
    return found[0]


def secret_of(arguments, link):
    """Return the secret that a keyed link needs, from the file or a prompt, or None."""
    if link.keying == "none":
        if arguments.key_file:
            raise ValueError(f"link '{link.name}' is not keyed; leave --key-file away")
        return None
    if not hasattr(arguments, "_secret"):
        given = arguments.key_file
        arguments._secret = secret_file.read(given) if given else secret_file.ask()
    return arguments._secret


HEADER = (
    f"{'SNR':>6}  {'branch':<12}{'frames':>8}  {'MSE or accuracy':<38}PSR, power sent"
)


def _counted(engine):
    """Return what counts, for sweep.measure."""
    if engine == "loop":
        return None
    from gnuradio.advphy import semantic_engine

    return semantic_engine.counted


def _numbers(step, row):
    """Return the row of a document: what was counted, and what follows from it."""
    found = {"mse": None, "accuracy": None, "low": None, "high": None}
    if row.branch == "eve":
        found["accuracy"] = row.accuracy
        found["low"], found["high"] = interval(row.correct, row.frames)
    else:
        found["mse"] = row.mse
    return {
        **dataclasses.asdict(row),
        **found,
        "psr_db": row.psr_db,
        "transmit_power_db": row.transmit_power_db,
    }


def _line(step, row, found):
    if row.branch == "eve":
        low, high = interval(row.correct, row.frames)
        text = f"accuracy {row.accuracy:.4f} ({low:.4f}..{high:.4f})"
    else:
        text = f"MSE {row.mse:.5f}"
    if row.erasures:
        text += f", {row.erasures} erased"
    power = f"{row.psr_db:.2f} dB" if row.psr_db is not None else "none"
    sent = row.transmit_power_db
    if sent is not None:
        power += f", {sent:+.2f} dB"
    return f"{row.snr_db:>6g}  {row.branch:<12}{row.frames:>8}  {text:<38}{power}"
