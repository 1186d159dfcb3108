# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure block error rates of links over Eb/N0.

LINK is a file, or a name that `advphy info` lists; with ":nearest_codeword" behind it,
its codebook is decided for the nearest codeword. Counts are written to the CSV after
every point and at Ctrl-C; the same command again goes on where it stopped. Ranges of
blocks (--first-block) or seeds counted elsewhere add up.

--attack adds what an adversary sends: a perturbation from a file, or one that the named
attack crafts for each link and Eb/N0 (kept beside the CSV). --cancel puts the blind
canceller in front of the decoder. --channel puts impairments before the noise.
"""

import functools

from advphy_model.link import links
from advphy_model.measure import ranges
from advphy_model.measure.link_chain import Counts, LinkSetting

from advphy_commands import _adversary, _measuring, _rates
from advphy_commands._numbers import db_range, whole


def add_arguments(parser):
    """Declare the arguments."""
    parser.add_argument("links", metavar="LINK", nargs="+")
    parser.add_argument(
        "--ebn0-db",
        default="0:8:1",
        metavar="FIRST:LAST:STEP",
        help="Eb/N0 in dB: one number, several with commas, or a range with its end; "
        "(default %(default)s)",
    )
    parser.add_argument(
        "--engine",
        choices=("flowgraph", "loop"),
        default="flowgraph",
        help="both decide the same (default %(default)s)",
    )
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="spread ranges over the Dask cluster of this scheduler (loop engine)",
    )
    _measuring.add_stop_rule(parser, "1e8")
    parser.add_argument(
        "--relative-width",
        type=float,
        metavar="W",
        help="stop when the 95%% interval is narrower than W times the rate",
    )
    parser.add_argument(
        "--channel",
        default="awgn",
        metavar="KIND",
        help="impairments before the noise, such as 'rayleigh_block(coherent=True) + "
        "cfo(frequency=0.001)'; `advphy info channels` lists them (default "
        "%(default)s)",
    )
    parser.add_argument("--seed", type=int, default=1, help="(default %(default)s)")
    parser.add_argument(
        "--first-block",
        default="0",
        help="index of the first block (default %(default)s)",
    )
    parser.add_argument(
        "--latency",
        type=int,
        default=65536,
        help="most items per call in the flowgraph (default %(default)s)",
    )
    parser.add_argument("--out", required=True, metavar="FILE.csv")
    _adversary.add_arguments(parser)


def run(arguments):
    """Measure and print a line per point."""
    by_loop = arguments.cluster is not None or arguments.engine == "loop"
    with _measuring.workers(arguments.cluster) as workers:
        if by_loop:
            counted = functools.partial(ranges.counted, workers=workers)
        else:
            from gnuradio.advphy import flowgraph_engine

            counted = functools.partial(
                flowgraph_engine.counted, latency=arguments.latency
            )
        measurement = _measuring.Measurement(
            _settings(arguments),
            _measuring.rule_of(arguments, arguments.relative_width),
            arguments.out,
            Counts,
            {
                "first": whole("--first-block", arguments.first_block),
                "engine": "loop" if by_loop else "flowgraph",
                "counted": counted,
            },
        )
        table = _measuring.Table(HEADER, "point", _numbers, _line)
        _measuring.run(arguments.output, measurement, table)


def _settings(arguments):
    """Yield the LinkSettings in the order of measuring."""
    adversaries_of = _adversary.adversaries_of(arguments)
    canceller = _adversary.canceller_of(arguments)
    for link in arguments.links:
        model = links.load(link)
        for ebn0_db in db_range("--ebn0-db", arguments.ebn0_db):
            for attack in adversaries_of(model, ebn0_db) if adversaries_of else (None,):
                yield LinkSetting(
                    model,
                    ebn0_db,
                    arguments.seed,
                    attack,
                    canceller,
                    arguments.channel,
                )


HEADER = (
    f"{'link':<34}{'Eb/N0':>7}{'blocks':>12}{'errors':>9}{'BLER':>10}"
    f"  {'95 % interval':<21}{'theory':<22}{'M msg/s':>8}"
)


def _line(step, row, found):
    text, bounds = _rates.texts(row.failures, row.blocks)
    theory, speed = found["theory"], found["messages_per_second"]
    expected = "" if theory is None else f"{theory:.2e} {found['theory_is']}"
    speed = "resumed" if speed is None else f"{speed / 1e6:.1f}"
    return (
        f"{row.link:<34}{row.ebn0_db:>7g}{row.blocks:>12}{row.failures:>9}{text:>10}"
        f"  {bounds:<21}{expected:<22}{speed:>8}{_measuring.circumstances(row)}"
    )


def _numbers(step, row):
    """Return the row of a document: what was counted, and what follows from it."""
    plain = row.attack == row.canceller == "none" and row.channel == "awgn"
    theory = links.theory(row.link) if plain else None
    return {
        **_measuring.rated(row),
        "theory": theory[1](row.ebn0_db) if theory else None,
        "theory_is": theory[0] if theory else None,
        "messages_per_second": step.new_items / step.seconds
        if step.new_items
        else None,
    }
