# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurement of settings until the stop rule is met, with continuation of tables."""

import contextlib
import dataclasses
import functools
import time
from concurrent.futures import ThreadPoolExecutor

from advphy_model.atomic_file import only_writer, refuse_unwritable
from advphy_model.measure import ranges, table
from advphy_model.randomness import checked_index
from advphy_model.version import __version__


@dataclasses.dataclass(frozen=True)
class Step:
    """Progress of one setting."""

    setting: object
    rows: tuple  # its rows, including earlier counts
    new_items: int  # items counted for this setting in this run
    seconds: float  # time spent on this setting in this run
    done: bool  # whether the stop rule is met

    @property
    def row(self):
        """Return the first row, which is the only one for most settings."""
        return self.rows[0]


def measure(
    settings, rule, out, schema, *, first=0, engine="loop", counted=None, at_once=1
):
    """Yield Steps; write the rows to `out` after each setting and when interrupted.

    An existing table is continued. Its ranges are kept, and a range ends where the next
    range of the same setting in `out` begins.

    Args:
        settings: iterable of settings, evaluated when the table can be written. One
            that is given twice is measured once and yields its last Step again.
        rule: StopRule; earlier counts from `first` on are included.
        out: path of the CSV, which may exist.
        schema: subclass of table.Row.
        first: index of the first item.
        engine: name of the engine for the rows: "loop", "flowgraph" or "burst".
        counted: function as ranges.counted, by default with threads of this process.
        at_once: settings counted at a time; of several only the last Step is yielded.

    Raises ValueError if the table has another version or model, or the first item of a
    setting lies within a range that is counted already.
    """
    first = checked_index(schema.FIRST, first)
    with only_writer(out), contextlib.ExitStack() as stack:
        rows = table.read_existing(out, schema)
        refuse_unwritable(out)
        settings = list(settings)
        models = {}
        for each in settings:
            name, sha256 = each.model.name, each.model.sha256
            if models.setdefault(name, sha256) != sha256:
                raise ValueError(
                    f"two different models are called '{name}'; give each its own --out"
                )
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
        finished = {}  # last step by order of the row
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
                    continued = {row.order for row in step.rows}
                    rows = [row for row in rows if row.order not in continued]
                    rows += step.rows
                    table.write(out, rows, schema)


def _continued(setting, empty, rows, out):
    """Yield (setting, rows to continue, limit) for each group of equal length."""
    states = {}
    for row in empty:
        old, most = table.continued(row, rows, out)
        states.setdefault((old.items, most), []).append(old)
    for (_, most), several in states.items():
        part = setting if len(several) == len(empty) else setting.of(several)
        yield part, tuple(several), most


def _counted(todo, rule, counted):
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
    """Yield the last Step of each setting in order; several are counted at once."""
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
