# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure block error rates of links over Eb/N0.

LINK is a file or a name that `advphy info` lists. With the suffix ":nearest_codeword",
the receiver decides for the nearest codeword of the codebook. The counts are written to
the CSV after every point and at Ctrl-C, and the same command continues an interrupted
measurement. Counts of other block ranges (--first-block) or seeds are added up.

--attack adds the perturbation of an adversary, from a file or crafted by the named
attack for each link and Eb/N0 (kept next to the CSV). --cancel inserts the blind
canceller before the decoder. --channel inserts impairments before the noise.
"""

import functools
from dataclasses import dataclass

from advphy_model.link import links
from advphy_model.measure import ranges
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import Counts, LinkSetting

from advphy_commands import _measuring, _text
from advphy_commands._adversary import InStep
from advphy_commands._numbers import whole
from advphy_commands._options import group, option


@dataclass(frozen=True)
class Settings(_measuring.Points):
    """Points, engine, channel and adversary of a measurement."""

    max_blocks: int = _measuring.max_blocks("1e8")
    relative_width: float = option(
        None,
        "end a point when its 95%% interval is narrower than W times its rate",
        type=float,
        metavar="W",
    )
    engine: str = option(
        "flowgraph", "engine; both give the same counts", choices=("flowgraph", "loop")
    )
    cluster: str = option(
        None,
        "use the Dask cluster of this scheduler (implies the loop engine)",
        metavar="ADDRESS",
    )
    channel: str = option(
        "awgn",
        "impairments before the noise, such as 'rayleigh_block(coherent=True) + "
        "cfo(frequency=0.001)'; `advphy info channels` lists them",
        metavar="KIND",
    )
    first_block: int = option("0", "index of the first block", whole)
    latency: int = option(65536, "largest number of items per work call", type=int)
    adversary: InStep = group(InStep, "adversary")

    @property
    def by_loop(self):
        """Return whether the loop engine measures, without GNU Radio."""
        return self.cluster is not None or self.engine == "loop"


def run(settings, output):
    """Measure and print a line per point."""
    with _measuring.workers(settings.cluster) as workers:
        if settings.by_loop:
            counted = functools.partial(ranges.counted, workers=workers)
        else:
            from gnuradio.advphy import flowgraph_engine

            counted = functools.partial(
                flowgraph_engine.counted, latency=settings.latency
            )
        chains = _measuring.chains(
            settings, output.remark, LinkSetting, lambda model: {"model": model}
        )
        rule = StopRule(
            settings.min_errors, settings.max_blocks, settings.relative_width
        )
        engine = "loop" if settings.by_loop else "flowgraph"
        more = {"first": settings.first_block, "engine": engine, "counted": counted}
        measurement = _measuring.Measurement(chains, rule, settings.out, Counts, more)
        table = _measuring.Table(HEADER, "point", _numbers, _line)
        _measuring.run(output, measurement, table)


HEADER = (
    f"{'link':<34}{'Eb/N0':>7}{'blocks':>12}{'errors':>9}{'BLER':>10}"
    f"  {'95 % interval':<21}{'theory':<22}{'M msg/s':>8}"
)


def _line(step, row, found):
    text, bounds = _text.table_texts(row.failures, row.blocks)
    theory, speed = found["theory"], found["messages_per_second"]
    expected = "" if theory is None else f"{theory:.2e} {found['theory_is']}"
    speed = "resumed" if speed is None else f"{speed / 1e6:.1f}"
    return (
        f"{row.link:<34}{row.ebn0_db:>7g}{row.blocks:>12}{row.failures:>9}{text:>10}"
        f"  {bounds:<21}{expected:<22}{speed:>8}{_measuring.circumstances(row)}"
    )


def _numbers(step, row):
    """Return the row of a document: counts, rate, theory and speed."""
    plain = row.attack == row.canceller == "none" and row.channel == "awgn"
    theory = links.theory(row.link) if plain else None
    found = {"theory": None, "theory_is": None, "messages_per_second": None}
    if theory:
        found["theory_is"], bler = theory
        found["theory"] = bler(row.ebn0_db)
    if step.new_items:
        found["messages_per_second"] = step.new_items / step.seconds
    return _measuring.rated(row) | found
