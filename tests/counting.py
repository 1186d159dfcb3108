# SPDX-License-Identifier: GPL-3.0-or-later
"""Count a link as tests need it: one call, one row."""

import functools

from advphy_model.measure import ranges
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import LinkSetting


def counted(model, ebn0_db, rule, *, engine=None, first=0, threads=None, **settings):
    """Return the row of a link.

    Args:
        model: link model.
        ebn0_db: Eb/N0 in dB.
        rule: StopRule, or a number of blocks.
        engine: as ranges.counted, or None: that, over threads.
        first: index of the first block.
        threads: how many, or None: one for each core.
        settings: of LinkSetting.
    """
    rule = rule if isinstance(rule, StopRule) else StopRule(None, rule)
    setting = LinkSetting(model, ebn0_db, **settings)
    if engine is not None:
        *_, (row,) = engine(setting, setting.rows("loop", first), rule)
        return row
    with ranges.threads(threads) as workers:
        return ranges.total(setting, rule, first, workers)[0]


def streamed(latency):
    """Return the engine that streams through a flowgraph, at a latency."""
    from gnuradio.advphy import flowgraph_engine

    return functools.partial(flowgraph_engine.counted, latency=latency)
