# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure settings until the stop rule is met, continuing what was counted."""

import contextlib
import dataclasses
import functools
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from advphy_model.atomic_file import only_writer, refuse_unwritable
from advphy_model.measure import ranges, table
from advphy_model.randomness import checked_index
from advphy_model.version import __version__


@dataclass(frozen=True)
class Step:
    """What has been counted so far under one setting, and how fast.

    Args:
        setting: what is measured.
        rows: its rows, with what was counted before.
        new_items: items counted in this run under this setting.
        seconds: time that this run has spent under this setting.
        done: whether the stop rule is met.
    """

    setting: object
    rows: tuple
    new_items: int
    seconds: float
    done: bool

    @property
    def row(self):
        """Return the first row, of most settings the only one."""
        return self.rows[0]


def measure(
    settings, rule, out, schema, *, first=0, engine="loop", counted=None, at_once=1
):
    """Yield Steps; write the rows to `out` after each setting and when interrupted.

    A table that is there already is continued, half or whole; ranges of several runs
    add up, and a run ends where the next range in `out` begins.

    Args:
        settings: LinkSettings, BurstSettings or SemanticSettings, in their order, made
            once it is clear that the table can be read and written. One that is given
            twice is measured once, and yields its last step again.
        rule: StopRule; what was counted before from `first` on counts towards it.
        out: CSV, read first if it is there.
        schema: of its rows, a subclass of table.Row.
        first: index of the first item.
        engine: what counts, for the rows: "loop", "flowgraph" or "burst".
        counted: function of (setting, rows, rule, limit=...) that yields the rows as
            they grow; None: ranges.counted with threads of this process.
        at_once: settings that are counted at the same time, for settings of few items:
            then only the last step of each is yielded.

    Raises:
        ValueError: the table is of another version or model, or a first item is
            counted already.
    """
    first = checked_index(schema.FIRST, first)
    with only_writer(out), contextlib.ExitStack() as stack:
        rows = table.read_existing(out, schema)
        refuse_unwritable(out)
        settings = list(settings)
        models = {each.model.name: each.model.sha256 for each in settings}
        table.require_continuable(rows, models, out)
        todo = [
            found
            for setting in settings
            for found in _continued(setting, setting.rows(engine, first), rows, out)
        ]
        if counted is None:
            workers = stack.enter_context(ranges.threads(1 if at_once > 1 else None))
            counted = functools.partial(ranges.counted, workers=workers)
        point = functools.partial(_counted, rule=rule, counted=counted)
        points = _together(point, todo, at_once) if at_once > 1 else map(point, todo)
        finished = {}  # the last step, by the row
        for each, steps in zip(todo, points, strict=True):
            key, step = each[1][0].order, None
            if key in finished:
                yield finished[key]
                continue
            try:
                for step in steps:
                    finished[key] = step
                    yield step
            finally:
                if step is not None and step.new_items:
                    rows = _kept(rows, step.rows)
                    table.write(out, rows, schema)


def _continued(setting, empty, rows, out):
    """Yield (setting, rows to continue, limit); rows of unequal length apart."""
    states = {}
    for row in empty:
        old, most = table.continued(row, rows, out)
        states.setdefault((old.items, most), []).append(old)
    for (_, most), several in states.items():
        part = setting if len(several) == len(empty) else setting.of(several)
        yield part, tuple(several), most


def _counted(todo, rule, counted):
    """Yield the Steps of one setting."""
    setting, rows, limit = todo
    begun, before = time.perf_counter(), rows[0].items
    most = ranges.most_items(setting, rule, limit)

    def step(rows, done):
        new = rows[0].items - before
        return Step(setting, rows, new, time.perf_counter() - begun, done)

    if not ranges.enough(rows, rule, most):
        now = tuple(dataclasses.replace(row, version=__version__) for row in rows)
        with contextlib.closing(counted(setting, now, rule, limit=limit)) as growing:
            for rows in growing:
                yield step(rows, False)
    yield step(rows, True)


def _together(point, todo, at_once):
    """Yield the last Step of each setting, in order, several counted at once."""
    with ThreadPoolExecutor(at_once) as pool:
        futures = {}
        for each in todo:
            row = each[1][0]
            if row.order not in futures:
                futures[row.order] = pool.submit(lambda each: [*point(each)][-1:], each)
        try:
            for each in todo:
                yield futures[each[1][0].order].result()
        finally:
            for future in futures.values():
                future.cancel()


def _kept(rows, new):
    """Return the rows of a table with new ones in the place of those they continue."""
    places = {row.order for row in new}
    return [row for row in rows if row.order not in places] + list(new)
