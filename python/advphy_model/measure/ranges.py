# SPDX-License-Identifier: GPL-3.0-or-later
"""Counting of ranges of items, in order, on threads, processes or a cluster."""

import concurrent.futures
import contextlib
import itertools
import math
import multiprocessing
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from advphy_model.randomness import LAST_INDEX

_AHEAD = 2  # ranges per worker thread: one is running, one is waiting
_MANY = 200  # workers for which ranges are longer, to spare the scheduler
_GROWTH = 8  # a range is at most 1/_GROWTH of the items submitted so far per thread


@dataclass(frozen=True)
class Workers:
    """An executor and how to use it."""

    executor: concurrent.futures.Executor
    slots: Callable  # function that returns how many calls can run at the same time
    # Time of a range in seconds; 0: one check of the stop rule. Longer over a network.
    seconds: float = 0.0
    # Function that waits for a future and returns its result.
    result: Callable = concurrent.futures.Future.result
    # Function that returns what stands for a value in many calls, sent only once.
    keep: Callable = lambda value: value


_own = threading.local()  # a thread's setting and the chain that counts it


def chain_of(setting, make):
    """Return this thread's chain make(setting), whose buffers are used again."""
    if getattr(_own, "setting", None) is not setting:
        _own.setting, _own.chain = setting, make(setting)
    return _own.chain


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


@contextlib.contextmanager
def threads(count=None):
    """Yield Workers that are threads of this process; None: one per core."""
    count = count or cores()
    with concurrent.futures.ThreadPoolExecutor(count) as executor:
        yield Workers(executor, lambda: count)


@contextlib.contextmanager
def processes(count):
    """Yield Workers that are processes on this machine with one thread each."""
    executor = concurrent.futures.ProcessPoolExecutor(
        count, multiprocessing.get_context("spawn"), _one_thread
    )
    try:
        yield Workers(executor, lambda: count)
    except BaseException:  # such as Ctrl-C: do not wait for what they are doing
        for worker in multiprocessing.active_children():
            worker.terminate()
        raise
    finally:
        executor.shutdown(cancel_futures=True)


def _one_thread():
    """Limit numerical libraries, which are not imported yet, to one thread.

    The process ends with its parent, which may be killed.
    """
    os.environ["OMP_NUM_THREADS"] = "1"
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent():
    multiprocessing.parent_process().join()
    os._exit(1)


def counted(setting, rows, rule, workers=None, limit=None):
    """Yield the growing rows of a setting until the stop rule is met.

    Results are added in order, and the rule is checked after every setting.step items
    from the first, so every executor counts the same items.

    Args:
        setting: LinkSetting, BurstSetting or SemanticSetting.
        rows: its rows, including earlier counts.
        rule: StopRule.
        workers: Workers; None: threads of this process for this call.
        limit: largest number of items, in addition to the rule; None: no limit.
    """
    if not rows:
        return  # a semantic link without a measured branch
    if workers is None:
        with threads() as workers:
            yield from counted(setting, rows, rule, workers, limit)
        return
    left = LAST_INDEX + 1 - rows[0].first
    asked = most_items(setting, rule, limit)
    most = left if asked is None else min(asked, left)
    start, ahead, pace = rows[0].items, deque(), math.inf
    before, kept = start, workers.keep(setting)
    try:
        while not enough(rows, rule, most):
            slots = workers.slots()
            while len(ahead) < _AHEAD * slots and start < most:
                checks = (start - before) // setting.step // (_GROWTH * slots)
                seconds = workers.seconds * max(1, slots / _MANY)
                checks = min(checks, int(seconds / pace))
                ends = _ends(setting.step, start, most, checks)
                call = _count, kept, rows[0].first, (start, *ends)
                ahead.append(workers.executor.submit(*call))
                start = ends[-1]
            pace, found = workers.result(ahead.popleft())
            for totals in found:
                pairs = zip(rows, totals, strict=True)
                rows = tuple(row.plus(more) for row, more in pairs)
                yield rows
                if enough(rows, rule, most):
                    break
    finally:
        for future in ahead:
            future.cancel()
    if not enough(rows, rule, asked):
        raise ValueError(
            f"{rows[0].FIRST} = {rows[0].first}: the range goes beyond index 2^48, the "
            "last one; begin at a lower index"
        )


def most_items(setting, rule, limit=None):
    """Return the largest number of items that rule and limit allow, or None."""
    bounds = [limit] if limit is not None else []
    if rule.max_blocks is not None:
        bounds.append(setting.items(rule.max_blocks))
    return min(bounds, default=None)


def enough(rows, rule, most) -> bool:
    """Return whether no more items need to be counted."""
    row = rows[0]
    if most is not None and row.items >= most:
        return True
    return bool(row.items) and rule.enough(row.blocks, row.failures)


def _ends(step, start, most, checks):
    """Return the items at the next checks of the stop rule, at least one."""
    first = (start // step + 1) * step
    ends = range(first, first + max(1, checks) * step, step)
    return sorted({min(end, most) for end in ends})


def _count(setting, first, ends):
    """Return (seconds per check of the stop rule, the totals between them in order)."""
    begun = time.perf_counter()
    found = [setting.count(first, *pair) for pair in itertools.pairwise(ends)]
    return (time.perf_counter() - begun) / len(found), found


def total(setting, rule, first=0, workers=None, engine="loop"):
    """Return the rows of a setting, from item `first` on, when the stop rule is met.

    The other arguments are those of `counted`; `engine` is the rows' name of it.
    """
    rows = setting.rows(engine, first)
    for more in counted(setting, rows, rule, workers):
        rows = more
    return rows


def in_order(function, arguments, workers=None):
    """Yield function(argument) for each argument, in order.

    The function belongs to a module, so that other processes can import it. Without
    Workers it is called in this process, for one argument after another.
    """
    if workers is None:
        yield from map(function, arguments)
        return
    kept = workers.keep(function)
    futures = [workers.executor.submit(kept, each) for each in arguments]
    try:
        for future in futures:
            yield workers.result(future)
    finally:
        for future in futures:
            future.cancel()
