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

import dataclasses
import time

from advphy_model.link import links
from advphy_model.measure import cluster, loop_engine, sweep
from advphy_model.measure.counts import without_hash
from advphy_model.measure.error_rate import StopRule

from advphy_commands import _options, _progress, _text
from advphy_commands._adversary import InStep
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
    parser.add_argument(
        "--min-errors",
        default="200",
        help="stop a point at this many (default %(default)s)",
    )
    parser.add_argument(
        "--max-blocks",
        default="1e8",
        help="stop a point at this many (default %(default)s)",
    )
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
    _options.declare(parser, InStep)


def run(arguments):
    """Measure and print a line per point."""
    models = [links.load(link) for link in arguments.links]
    adversary = _options.parsed(InStep, arguments)
    points = db_range("--ebn0-db", arguments.ebn0_db)
    rule = StopRule(
        whole("--min-errors", arguments.min_errors),
        whole("--max-blocks", arguments.max_blocks),
        arguments.relative_width,
    )
    steps = sweep.measure(
        models,
        points,
        engine_of(arguments),
        engine_name="loop" if arguments.cluster is not None else arguments.engine,
        rule=rule,
        seed=arguments.seed,
        out=arguments.out,
        first_block=whole("--first-block", arguments.first_block),
        attacks=adversary.adversaries(
            arguments.seed, arguments.out, arguments.output.remark
        ),
        canceller=adversary.canceller,
        channel=arguments.channel,
    )
    several = len(adversary.psrs_db) if arguments.attack else 1
    arguments.output.note(out=arguments.out, rows=[])
    _print_table(arguments.output, steps, len(models) * len(points) * several, rule)


def engine_of(arguments):
    """Return the engine that the arguments name."""
    if arguments.cluster is not None:
        return cluster.engine(arguments.cluster)
    if arguments.engine == "loop":
        return loop_engine.run
    from gnuradio.advphy import flowgraph_engine

    def engine(model, **settings):
        return flowgraph_engine.run(model, latency=arguments.latency, **settings)

    return engine


HEADER = (
    f"{'link':<34}{'Eb/N0':>7}{'blocks':>12}{'errors':>9}{'BLER':>10}"
    f"  {'95 % interval':<21}{'theory':<22}{'M msg/s':>8}"
)


def _print_table(output, steps, points, rule):
    """Show progress on a terminal and print a line when a point is done."""
    output.line(HEADER)
    begun = time.perf_counter()
    done = 0.0
    with _progress.bar(total=points, unit="point") as bar:
        for step in steps:
            share = 1.0 if step.done else _share(step.counts, rule)
            bar.n = round(done + share, 2)
            bar.set_postfix_str(f"{step.counts.link} {step.counts.ebn0_db:g} dB")
            if step.done:
                done += 1
                output.row("rows", _numbers(step), _line(step))
    output.remark(f"{points} points in {time.perf_counter() - begun:.1f} s")


def _share(counts, rule):
    shares = [counts.blocks / rule.max_blocks, counts.failures / rule.min_errors]
    return min(1.0, max(shares))


def _line(step):
    row = step.counts
    text, bounds = _text.rate_and_interval(row.failures, row.blocks)
    theory = _theory(row)
    expected = f"{theory[1](row.ebn0_db):.2e} {theory[0]}" if theory else ""
    speed = "resumed" if not step.new_blocks else f"{_speed(step) / 1e6:.1f}"
    return (
        f"{row.link:<34}{row.ebn0_db:>7g}{row.blocks:>12}{row.failures:>9}{text:>10}"
        f"  {bounds:<21}{expected:<22}{speed:>8}{_circumstances(row)}"
    )


def _numbers(step):
    """Return the row of a document: what was counted, and what follows from it."""
    row, theory = step.counts, _theory(step.counts)
    return {
        **dataclasses.asdict(row),
        **_text.rated(row.failures, row.blocks),
        "theory": theory[1](row.ebn0_db) if theory else None,
        "theory_is": theory[0] if theory else None,
        "messages_per_second": _speed(step) if step.new_blocks else None,
    }


def _theory(row):
    plain = row.attack == row.canceller == "none" and row.channel == "awgn"
    return links.theory(row.link) if plain else None


def _speed(step):
    return step.new_blocks / step.seconds


def _circumstances(row):
    words = [] if row.channel == "awgn" else [f"over {row.channel}"]
    if row.attack != "none":
        words.append(f"{without_hash(row.attack)} at PSR {row.psr_db:g} dB")
    if row.canceller != "none":
        words.append(row.canceller)
    return "  " + ", ".join(words) if words else ""
