# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure links over settings until the stop rule is met, resuming what was counted."""

import contextlib
import dataclasses
import time
from dataclasses import dataclass

from advphy_model import counts
from advphy_model.atomic_file import refuse_unwritable
from advphy_model.counts import Counts
from advphy_model.randomness import checked_seed
from advphy_model.version import __version__


@dataclass(frozen=True)
class Step:
    """What has been counted so far at one point, and how fast.

    Args:
        counts: the row, including what was resumed.
        new_blocks: blocks counted in this run at this point.
        seconds: time this run has spent at this point.
        done: whether the stop rule is met.
    """

    counts: Counts
    new_blocks: int
    seconds: float
    done: bool


def measure(models, points_db, engine, *, engine_name, rule, seed, out, first_block=0):
    """Yield Steps; write the rows to `out` after each point and when interrupted.

    Args:
        models: link models.
        points_db: Eb/N0 in dB, in the order of measuring.
        engine: function with the arguments of loop_engine.run.
        engine_name: for the rows.
        rule: StopRule; what was counted before from first_block on counts towards it.
        seed: of messages and noise.
        out: CSV, read first if it is there.
        first_block: index of the first block; ranges of several runs add up.
    """
    seed = checked_seed(seed)
    if first_block < 0:
        raise ValueError(f"first_block = {first_block}, wanted >= 0")
    rows = counts.add_up(counts.read_existing(out))
    refuse_unwritable(out)
    for model in models:
        _refuse_other_model(rows, model, out)
        for ebn0_db in points_db:
            row = Counts(
                model.name, engine_name, float(ebn0_db), seed, first_block, 0, 0, 0,
                model.sha256,
            )  # fmt: skip
            row, rows = _resumed(row, rows, out)
            try:
                for step in _measure_point(model, row, engine, rule):
                    row = step.counts
                    yield step
            finally:
                if row.blocks:
                    rows = [*rows, row]
                    counts.write(out, rows)


def _measure_point(model, row, engine, rule):
    begun, before = time.perf_counter(), row.blocks
    ranges = engine(
        model,
        rule=rule,
        ebn0_db=row.ebn0_db,
        seed=row.seed,
        first_block=row.first_block,
        counted=(row.blocks, row.failures),
    )
    with contextlib.closing(ranges):
        for blocks, errors, erasures in ranges:
            row = dataclasses.replace(
                row,
                blocks=row.blocks + blocks,
                block_errors=row.block_errors + errors,
                erasures=row.erasures + erasures,
            )
            yield Step(row, row.blocks - before, time.perf_counter() - begun, False)
    yield Step(row, row.blocks - before, time.perf_counter() - begun, True)


def _resumed(row, rows, out):
    """Return the row that continues `row`, and the other rows.

    Raises:
        ValueError: when the new blocks would run into some that are counted already.
    """
    same = [r for r in rows if (r.setting, r.seed) == (row.setting, row.seed)]
    for old in same:
        if old.first_block == row.first_block:
            row, rows = old, [other for other in rows if other is not old]
    for old in same:
        if old is not row and old.end > row.first_block:
            raise ValueError(
                f"{out}: blocks {old.first_block}..{old.end - 1} of {row.link} at "
                f"{row.ebn0_db:g} dB are counted already; choose another --seed, a "
                "--first-block behind them, or another --out"
            )
    return row, rows


def _refuse_other_model(rows, model, out):
    for row in rows:
        if row.link == model.name and row.model_sha256 != model.sha256:
            raise ValueError(
                f"{out}: holds counts of another model called '{model.name}' "
                f"({row.model_sha256[:12]}, now {model.sha256[:12]}); "
                "choose another --out"
            )
        if row.version != __version__:
            raise ValueError(
                f"{out}: holds counts of version {row.version}, this is {__version__}; "
                "choose another --out (advphy plot adds them up)"
            )
