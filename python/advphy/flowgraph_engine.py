# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a link by streaming it through a flowgraph."""

import threading
from dataclasses import dataclass

from advphy_model.error_rate import StopRule

from .guard import top_block
from .link import link

POLL_SECONDS = 0.1


@dataclass(frozen=True)
class _Continued:
    """A stop rule that goes on behind what was counted before."""

    rule: StopRule
    blocks: int
    failures: int

    def next_check(self, blocks):
        """Return at how many new blocks the rule is looked at next."""
        return self.rule.next_check(self.blocks + blocks) - self.blocks

    def met(self, blocks, failures):
        """Return whether old and new counts together are enough."""
        return self.rule.met(self.blocks + blocks, self.failures + failures)


def run(model, *, rule, ebn0_db, seed=1, first_block=0, counted=(0, 0), kind="awgn",
        latency=65536):  # fmt: skip
    """Yield (blocks, block_errors, erasures) of ranges in order until the rule is met.

    The arguments are those of advphy_model.loop_engine.run, and so are the decisions.
    """
    if counted[0] and rule.met(*counted):
        return
    flowgraph = top_block("measure")
    part = link(model, ebn0_db, seed, first_block + counted[0], kind,
                _Continued(rule, *counted), latency)  # fmt: skip
    flowgraph.connect(part)
    ended = threading.Event()
    errors = []

    def wait_for_the_end():
        try:
            flowgraph.wait()
        except Exception as error:
            errors.append(error)
        ended.set()

    runner = threading.Thread(target=wait_for_the_end)
    before = (0, 0, 0)
    flowgraph.start()
    try:
        runner.start()
        while True:
            last = ended.wait(POLL_SECONDS)
            now = _total(part)
            yield tuple(new - old for new, old in zip(now, before, strict=True))
            before = now
            if last:
                break
    finally:
        flowgraph.stop()
        runner.join()
    if errors:
        raise errors[0]


def _total(part):
    segments = part.segments()
    return tuple(
        sum(getattr(segment, name) for segment in segments)
        for name in ("blocks", "block_errors", "erasures")
    )
