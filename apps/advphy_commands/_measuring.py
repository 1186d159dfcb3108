# SPDX-License-Identifier: GPL-3.0-or-later
"""Options and loop shared by `measure`, `measure-burst` and `measure-semantic`."""

import contextlib
import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass

from advphy_model.link import links
from advphy_model.measure import cluster, ranges, sweep
from advphy_model.measure.curves import without_hash

from advphy_commands import _progress, _text
from advphy_commands._options import db_range, group, operand, option, switch


def over(default, text=None, parse=db_range):
    """Return the field of an option that takes a range in dB."""
    return option(text, default, parse, metavar="FIRST:LAST:STEP")


def engine(text):
    """Return the field of --engine."""
    return option(text, "flowgraph", choices=("flowgraph", "loop"))


@dataclass(frozen=True)
class Cluster:
    address: str = option(
        "Dask scheduler whose workers count, with the loop engine",
        flag="--cluster",
        metavar="ADDRESS",
    )
    trust_network: bool = switch(
        "accept a scheduler without TLS: who reaches it can run programs on its workers"
    )

    def workers(self, module="advphy_model.measure.ranges", local=ranges.threads):
        """Return a context manager of the Workers of the cluster, or of local()."""
        if self.address is not None:
            return cluster.workers(self.address, module, self.trust_network)
        if self.trust_network:
            raise ValueError("--trust-network has no effect without --cluster")
        return local()


@dataclass(frozen=True)
class Points:
    links: list = operand("LINK", "file or name of a link", nargs="+")
    ebn0_db: list = over(
        "0:8:1", "Eb/N0 in dB: one number, a list a,b,c, or a range with its end"
    )
    min_errors: int = option("block errors at which a point ends", "200")
    seed: int = option("seed of messages and noise", 1, type=int)
    out: str = option("file of the counts", required=True, metavar="FILE.csv")
    cluster: Cluster = group(Cluster, "cluster")


def chains(settings, remark, kind, of_model=lambda model: {"model": model}):
    """Yield LinkSettings or BurstSettings in the order of the measurement.

    `settings` are Points with adversary and channel; remark(text) is called with each
    warning. of_model(model) returns {"model": ...}, and "frame" for a BurstSetting.
    """
    adversary = settings.adversary
    attacks = adversary.adversaries(settings.seed, settings.out, remark)
    same = {"seed": settings.seed, "channel": settings.channel}
    same["canceller"] = adversary.canceller
    for link in settings.links:
        first = of_model(links.load(link))
        for ebn0_db in settings.ebn0_db:
            at = first | {"ebn0_db": ebn0_db}
            for attack in [None] if adversary.attack is None else attacks(**at):
                yield kind(**at, attack=attack, **same)


@dataclass(frozen=True)
class Table:
    """Presentation of the rows of a measurement."""

    header: str  # line above the rows
    unit: str  # name of a setting in the progress bar
    numbers: Callable  # function of (Step, row) that returns the row of a document
    line: Callable  # function of (Step, row, its numbers) that returns a line


def run(output, table: Table, settings, rule, out, schema, **more):
    """Measure with sweep.measure, show the progress, and print a line for each row."""
    ready = []

    def made():
        for setting in settings:
            ready.append(setting)
            yield setting

    steps = sweep.measure(made(), rule, out, schema, **more)
    output.note(out=out, rows=[])
    output.line(table.header)
    begun, done = time.perf_counter(), 0
    with _progress.bar(unit=table.unit) as bar, contextlib.closing(steps):
        for step in steps:
            share = 1.0 if step.done else _share(step, rule)
            bar.total = len(ready)
            bar.n = round(done + share, 2)
            bar.set_postfix_str(step.row.place)
            if step.done:
                done += 1
                for row in step.rows:
                    found = table.numbers(step, row)
                    output.row("rows", found, table.line(step, row, found))
    output.remark(f"{done} points in {time.perf_counter() - begun:.1f} s")


def _share(step, rule):
    """Return the finished share of a setting, in 0..1."""
    row, most = step.row, ranges.most_items(step.setting, rule)
    shares = [row.items / most] if most else []
    if rule.min_errors:
        shares.append(row.failures / rule.min_errors)
    return min(1.0, max(shares, default=0.0))


def rated(row) -> dict:
    """Return the columns of a row of blocks, its rate and its interval."""
    return {**dataclasses.asdict(row), **_text.rated(row.failures, row.blocks)}


def circumstances(row) -> str:
    """Return channel, attack and canceller of a row, for the end of a line."""
    words = [] if row.channel == "awgn" else [f"over {row.channel}"]
    if row.attack != "none":
        words.append(f"{without_hash(row.attack)} at PSR {row.psr_db:g} dB")
    if row.canceller != "none":
        words.append(row.canceller)
    return "  " + ", ".join(words) if words else ""
