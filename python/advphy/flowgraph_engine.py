# SPDX-License-Identifier: GPL-3.0-or-later
"""Engine that measures a link by streaming it through a flowgraph."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor, wait
from types import SimpleNamespace

from advphy_model.measure import ranges

from .link import link
from .runner import top_block

POLL_SECONDS = 0.1


def counted(setting, rows, rule, limit=None, latency=65536):
    """Yield the row of a LinkSetting while its blocks stream, until the rule is met.

    Arguments and decisions are those of advphy_model.measure.ranges.counted; latency is
    the largest number of items in one call of work().
    """
    (row,) = rows
    most = ranges.most_items(setting, rule, limit)
    rule = dataclasses.replace(rule, max_blocks=most)
    window = 1 if setting.canceller is None else setting.canceller.window
    if row.blocks % window:
        # The last window is incomplete: the flowgraph begins after its end.
        end = min(-(-row.blocks // window) * window, rule.next_check(row.blocks))
        (totals,) = setting.count(row.first_block, row.blocks, end)
        row = row.plus(totals)
        yield (row,)
    if ranges.enough((row,), rule, most):
        return
    continued = SimpleNamespace(  # from the counts so far
        next_check=lambda more: rule.next_check(row.blocks + more) - row.blocks,
        met=lambda more, failed: rule.met(row.blocks + more, row.failures + failed),
    )
    flowgraph = top_block("measure")
    names = ("model", "ebn0_db", "seed", "attack", "canceller")
    at = {name: getattr(setting, name) for name in names} | {"kind": setting.channel}
    part = link(**at, first_block=row.end, latency=latency, stop=continued)
    flowgraph.connect(part)
    flowgraph.start()
    with ThreadPoolExecutor(1) as runner:
        try:
            end, ended = runner.submit(flowgraph.wait), False
            while not ended:
                ended = bool(wait([end], POLL_SECONDS).done)
                counts = [vars(segment) for segment in part.segments()]
                totals = {n: sum(count[n] for count in counts) for n in row.SUMS}
                yield (row.plus(totals),)
        finally:
            flowgraph.stop()
    end.result()
