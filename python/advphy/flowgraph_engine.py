# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a link by streaming it through a flowgraph."""

import threading
from dataclasses import dataclass

from advphy_model.measure import loop_engine
from advphy_model.measure.error_rate import StopRule

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


def run(
    model,
    *,
    rule,
    ebn0_db,
    seed=1,
    first_block=0,
    counted=(0, 0),
    kind="awgn",
    latency=65536,
    attack=None,
    canceller=None,
):
    """Yield (blocks, block_errors, erasures) of ranges in order until the rule is met.

    The arguments and the decisions are those of advphy_model.measure.loop_engine.run.
    """
    if attack is not None:
        attack.require_fit(model)
    settings = {"ebn0_db": ebn0_db, "seed": seed, "kind": kind, "attack": attack}
    if canceller is not None and counted[0] % canceller.window:
        # A window that was begun before: the flowgraph goes on behind it.
        end = min(
            -(-counted[0] // canceller.window) * canceller.window,
            rule.next_check(counted[0]),
        )
        for found in loop_engine.run(
            model,
            rule=StopRule(None, end),
            first_block=first_block,
            counted=counted,
            canceller=canceller,
            **settings,
        ):
            yield found
            counted = counted[0] + found[0], counted[1] + found[1] + found[2]
    if counted[0] and rule.met(*counted):
        return
    flowgraph = top_block("measure")
    part = link(
        model,
        first_block=first_block + counted[0],
        latency=latency,
        stop=_Continued(rule, *counted),
        canceller=canceller,
        **settings,
    )
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
