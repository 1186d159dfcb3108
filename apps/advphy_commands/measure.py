# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure block error rates of links over Eb/N0.

LINK is a file or a name that `advphy info` lists. With the suffix ":nearest_codeword",
the receiver decides for the nearest codeword of the codebook. The counts are written to
the CSV after every point and at Ctrl-C, and the same command continues an interrupted
measurement. Counts of other block ranges (--first-block) or seeds are added up.

--attack adds the perturbation of an adversary, from a file or crafted by the named
attack for each link and Eb/N0 (kept next to the CSV). --cancel inserts the blind
canceller before the decoder. --channel inserts impairments before the noise.

--rare estimates block error rates down to 1e-12 and below by importance sampling: noise
is drawn near the nearest wrong decisions, and an error counts with a weight, so errors
and intervals are those of an effective number. A point ends when its interval is
narrower than --relative-width (default 0.2, which is 10 % to each side), or at
--max-blocks. Random signs, shifts and phases, books, and
--channel "rayleigh_block(coherent=True)" are possible; what is not is refused. A wrong
decision that the search does not find and that is hit too rarely remains unseen.
"""

import functools
import logging
from dataclasses import dataclass

from advphy_model.air import perturbation
from advphy_model.air.adversary import Adversary
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links
from advphy_model.measure import ranges
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import Counts, LinkSetting
from advphy_model.measure.rare_chain import RareSetting
from advphy_model.measure.rare_counts import RareCounts

from advphy_commands import _measuring, _text
from advphy_commands._adversary import Attack
from advphy_commands._options import (
    changed,
    group,
    number_or_random,
    option,
    repeated,
    switch,
)

_RARE_WIDTH = 0.2  # of the interval, relative to the rate
_WHOLE = number_or_random(int)


def _sign(name, text):
    return text if text == "alternate" else _WHOLE(name, text)


@dataclass(frozen=True)
class InStep(Attack):
    """Adversary whose perturbation arrives in step with the codewords."""

    shift: int | str = option("cyclic shift, 0..n-1, or random per block", "0", _WHOLE)
    sign: int | str = option(
        "1, -1, random, or alternate: p and -p in turn", "1", _sign
    )
    hop: list = repeated(
        "FILE|NAME", "draw from this perturbation, too, for each block; may be repeated"
    )
    hold: int = option(
        "blocks for which a drawn sign or perturbation stays", "1", metavar="N"
    )
    off_blocks: int = option(
        "blocks without the perturbation in each period", "0", metavar="N"
    )
    on_blocks: int = option(
        "blocks with it after those; 0 and 0: always on", "0", metavar="N"
    )
    full_scale: float = option(
        "largest amplitude that the adversary can transmit", metavar="A"
    )

    def adversaries(self, seed, out, remark):
        """Return a function (model, ebn0_db) -> Adversaries; see perturbations().

        The seed is that of random phases, shifts and gains; each warning comes once.
        """
        names = ("shift", "phase", "sign", "frequency_offset", "fading", "full_scale")
        names += ("hold", "off_blocks", "on_blocks")
        arrival = {name: getattr(self, name) for name in names}
        warned = set()
        # The block would repeat the warning at every point.
        block = logging.getLogger("gnuradio.advphy.air.perturbation_source")
        block.addFilter(lambda record: record.getMessage() not in warned)

        def once(warning):
            if warning not in warned:
                warned.add(warning)
                remark(warning)

        return lambda model, ebn0_db: [
            Adversary(self._hopping(p), psr_db, **arrival, seed=seed)
            for p, psr_db in self.perturbations(model, ebn0_db, out, once)
        ]

    def _hopping(self, p):
        """Return p, or the book of p and the perturbations of --hop."""
        others = [Perturbation.load(name) for name in self.hop]
        return perturbation.book([p, *others]) if others else p


@dataclass(frozen=True)
class Settings(_measuring.Points):
    max_blocks: int = option("blocks at which a point ends", "1e8")
    relative_width: float = option(
        "end a point when its 95%% interval is narrower than W times its rate",
        metavar="W",
    )
    engine: str = _measuring.engine("engine; both give the same counts")
    channel: str = option(
        "impairments before the noise, such as 'rayleigh_block(coherent=True) + "
        "cfo(frequency=0.001)'; `advphy info channels` lists them",
        "awgn",
        metavar="KIND",
    )
    first_block: int = option("index of the first block", "0")
    latency: int = option("largest number of items per work call", 65536)
    rare: bool = switch("estimate rare errors by importance sampling (loop engine)")
    adversary: InStep = group(InStep, "adversary")

    def __post_init__(self):
        if self.rare and "--min-errors" in changed(self):
            raise ValueError(
                f"--min-errors {self.min_errors} does not belong to --rare, whose "
                "points end by --relative-width; omit one of them"
            )
        if self.runs_loop and "--latency" in changed(self):
            raise ValueError("--latency belongs to the flowgraph; omit it for the loop")

    @property
    def runs_loop(self):
        """Return whether the counts come from the loop engine."""
        return self.rare or self.cluster.address or self.engine == "loop"


def run(settings, output):
    kind, schema, engine = LinkSetting, Counts, "flowgraph"
    rule = StopRule(settings.min_errors, settings.max_blocks, settings.relative_width)
    if settings.rare:
        kind, schema, engine = RareSetting, RareCounts, "rare"
        width = settings.relative_width
        width = _RARE_WIDTH if width is None else width
        rule = StopRule(None, settings.max_blocks, width)
    elif settings.runs_loop:
        engine = "loop"
    with settings.cluster.workers() as workers:
        if engine == "flowgraph":
            from gnuradio.advphy import flowgraph_engine

            more = {"latency": settings.latency}
            counted = functools.partial(flowgraph_engine.counted, **more)
        else:
            counted = functools.partial(ranges.counted, workers=workers)
        chains = _measuring.chains(settings, output.remark, kind)
        more = {"first": settings.first_block, "engine": engine, "counted": counted}
        table = _measuring.Table(HEADER, "point", _numbers, _line)
        wanted = chains, rule, settings.out, schema
        _measuring.run(output, table, *wanted, **more)


HEADER = (
    f"{'link':<34}{'Eb/N0':>7}{'blocks':>12}{'errors':>9}{'BLER':>10}"
    f"  {'95 % interval':<21}{'theory':<22}{'M msg/s':>8}"
)


def _line(step, row, found):
    text, bounds = _text.table_texts(row.failures, row.blocks)
    theory, speed = found["theory"], found["messages_per_second"]
    expected = "" if theory is None else f"{theory:.2e} {found['theory_is']}"
    speed = "resumed" if speed is None else f"{speed / 1e6:.1f}"
    doubt = f"  not to be trusted: {found['doubt']}" if found["doubt"] else ""
    return (
        f"{row.link:<34}{row.ebn0_db:>7g}{row.items:>12}{row.failures:>9.0f}{text:>10}"
        f"  {bounds:<21}{expected:<22}{speed:>8}{_measuring.circumstances(row)}{doubt}"
    )


def _numbers(step, row):
    plain = row.attack == row.canceller == "none" and row.channel == "awgn"
    theory = links.theory(row.link) if plain else None
    found = {"theory": None, "theory_is": None, "messages_per_second": None}
    found["doubt"] = getattr(row, "doubt", None)
    if theory:
        found["theory_is"], bler = theory
        found["theory"] = bler(row.ebn0_db)
    if step.new_items:
        found["messages_per_second"] = step.new_items / step.seconds
    return _measuring.rated(row) | found
