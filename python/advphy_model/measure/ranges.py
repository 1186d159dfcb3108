# SPDX-License-Identifier: GPL-3.0-or-later
"""Count ranges of items in order over any executor: threads, processes, a cluster."""

import concurrent.futures
import contextlib
import itertools
import multiprocessing
import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

_AHEAD = 2  # ranges for each worker's thread: one that runs, one that waits for it
_GROWTH = 8  # a range is at most this share of what was handed out to each thread ...


@dataclass(frozen=True)
class Workers:
    """An executor, and how much to hand out to it.

    Args:
        executor: concurrent.futures.Executor.
        slots: function that returns how many calls run at once.
        largest: the most looks at the stop rule in one range: 1 where a call costs
            nothing, more where it has to travel.
        result: function that waits for a future and returns its result.
    """

    executor: concurrent.futures.Executor
    slots: Callable
    largest: int = 1
    result: Callable = concurrent.futures.Future.result


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


@contextlib.contextmanager
def threads(count=None):
    """Give Workers that are threads of this process, one for each core."""
    count = count or cores()
    with concurrent.futures.ThreadPoolExecutor(count) as executor:
        yield Workers(executor, lambda: count)


@contextlib.contextmanager
def processes(count):
    """Give Workers that are processes of this machine, of one thread each."""
    executor = concurrent.futures.ProcessPoolExecutor(
        count, multiprocessing.get_context("spawn"), _one_thread
    )
    try:
        yield Workers(executor, lambda: count)
    finally:
        executor.shutdown(cancel_futures=True)


def _one_thread():
    """Let numerical libraries, not imported yet, use one thread in each process."""
    os.environ["OMP_NUM_THREADS"] = "1"


def counted(setting, rows, rule, workers=None, limit=None):
    """Yield the rows of a setting as ranges are added, until the stop rule is met.

    Results are taken in their order, and the rule is looked at after every
    setting.step items from the first, so any executor counts the same items.

    Args:
        setting: LinkSetting, BurstSetting or SemanticSetting.
        rows: its rows, with what was counted before.
        rule: StopRule.
        workers: Workers, or None: threads of this process for this call.
        limit: the most items, below what the rule allows, or None.
    """
    if not rows:
        return  # a semantic link of which no branch is measured
    if workers is None:
        with threads() as workers:
            yield from counted(setting, rows, rule, workers, limit)
        return
    most = most_items(setting, rule, limit)
    start, ahead = rows[0].items, deque()
    before = start
    try:
        while not enough(rows, rule, most):
            slots = workers.slots()
            while len(ahead) < _AHEAD * slots and (most is None or start < most):
                looks = (start - before) // setting.step // (_GROWTH * slots)
                ends = _ends(setting.step, start, most, min(looks, workers.largest))
                range_of = setting, rows[0].first, (start, *ends)
                ahead.append(workers.executor.submit(_count, *range_of))
                start = ends[-1]
            for totals in workers.result(ahead.popleft()):
                pairs = zip(rows, totals, strict=True)
                rows = tuple(row.plus(more) for row, more in pairs)
                yield rows
                if enough(rows, rule, most):
                    break
    finally:
        for future in ahead:
            future.cancel()


def most_items(setting, rule, limit=None):
    """Return the most items that a rule and a limit allow, or None."""
    bounds = [limit] if limit is not None else []
    if rule.max_blocks is not None:
        bounds.append(setting.items(rule.max_blocks))
    return min(bounds, default=None)


def enough(rows, rule, most) -> bool:
    """Return whether nothing more is to be counted."""
    row = rows[0]
    if most is not None and row.items >= most:
        return True
    return bool(row.items) and rule.enough(row.blocks, row.failures)


def _ends(step, start, most, looks):
    """Return where the next looks at the stop rule are, at least one."""
    first = (start // step + 1) * step
    ends = [first + i * step for i in range(max(1, looks))]
    if most is not None:
        ends = [end for end in ends if end < most] or []
        if len(ends) < max(1, looks):
            ends.append(most)
    return ends


def _count(setting, first, ends):
    """Return the totals between looks at the stop rule, in order."""
    return [setting.count(first, *pair) for pair in itertools.pairwise(ends)]


def total(setting, rule, first=0, workers=None, engine="loop"):
    """Return the rows of a setting when the stop rule is met, counted in this process.

    Args:
        setting: as for counted().
        rule: StopRule.
        first: index of the first item.
        workers: as for counted().
        engine: for the rows.
    """
    rows = setting.rows(engine, first)
    for more in counted(setting, rows, rule, workers):
        rows = more
    return rows


def in_order(function, arguments, workers=None):
    """Yield function(argument) for each argument, in order.

    Args:
        function: of a module, so that other processes find it.
        arguments: what it is called with.
        workers: Workers; None: this process, one after another.
    """
    if workers is None:
        yield from map(function, arguments)
        return
    futures = [workers.executor.submit(function, each) for each in arguments]
    try:
        for future in futures:
            yield workers.result(future)
    finally:
        for future in futures:
            future.cancel()
