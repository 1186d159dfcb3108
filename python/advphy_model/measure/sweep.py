# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure links over settings until the stop rule is met, resuming what was counted."""

import contextlib
import dataclasses
import functools
import time
from dataclasses import dataclass

from advphy_model.air.channels import NOISE, canonical
from advphy_model.atomic_file import only_writer, refuse_unwritable
from advphy_model.measure import counts
from advphy_model.measure.counts import Counts
from advphy_model.randomness import checked_index, checked_seed
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


def measure(
    models,
    points_db,
    engine,
    *,
    engine_name,
    rule,
    seed,
    out,
    first_block=0,
    attacks=None,
    canceller=None,
    channel="awgn",
):
    """Yield Steps; write the rows to `out` after each point and when interrupted.

    Args:
        models: link models.
        points_db: Eb/N0 in dB, in the order of measuring.
        engine: function with the arguments of loop_engine.run.
        engine_name: for the rows.
        rule: StopRule; what was counted before from first_block on counts towards it.
        seed: of messages and noise.
        out: CSV, read first if it is there.
        first_block: index of the first block; ranges of several runs add up, and a run
            ends where the next range in `out` begins.
        attacks: function of (model, ebn0_db) that returns the Adversaries there, each
            measured by itself; None: no adversary.
        canceller: CancellerSettings in front of the decoder, or None.
        channel: what the links go through (air/channels).
    """
    seed, channel = checked_seed(seed), canonical(channel)
    first_block = checked_index("first_block", first_block)
    with only_writer(out):
        rows = counts.read_existing(out)
        refuse_unwritable(out)
        todo = []
        for model in models:
            _refuse_other_model(rows, model, out)
            for ebn0_db in points_db:
                row = Counts(
                    model.name,
                    engine_name,
                    float(ebn0_db),
                    seed,
                    first_block,
                    0,
                    0,
                    0,
                    model.sha256,
                    channel=channel,
                )
                for attack in attacks(model, ebn0_db) if attacks else (None,):
                    row = _under(row, attack, canceller)
                    todo.append((model, attack, *_resumed(row, rows, rule, out)))
        for model, attack, row, limited in todo:
            rows = [r for r in rows if r is not row]
            bound = functools.partial(engine, **_given(attack, canceller, channel))
            try:
                for step in _measure_point(model, row, bound, limited):
                    row = step.counts
                    yield step
            finally:
                if row.blocks:
                    rows = [*rows, row]
                    counts.write(out, rows)


def _under(row, attack, canceller):
    """Return the row with what tells the adversary and the canceller.

    The PSR of rows in float32 is rounded, so that -6 dB is -6 dB.
    """
    return dataclasses.replace(
        row,
        attack="none" if attack is None else attack.label,
        psr_db=None if attack is None else round(attack.scaled.psr_db, 4),
        canceller="none" if canceller is None else canceller.label,
    )


def _given(attack, canceller, channel):
    """Return the engine's arguments for what there is."""
    kind = None if channel == NOISE else channel
    options = {"attack": attack, "canceller": canceller, "kind": kind}
    return {name: value for name, value in options.items() if value is not None}


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


def _resumed(row, rows, rule, out):
    """Return the row to go on with, and the rule that ends it before the next range.

    Raises:
        ValueError: when the first block is inside a range that is counted already.
    """
    same = [r for r in rows if (r.setting, r.seed) == (row.setting, row.seed)]
    later = [r.first_block for r in same if r.first_block > row.first_block]
    if later:
        room = min(later) - row.first_block
        most = room if rule.max_blocks is None else min(rule.max_blocks, room)
        rule = dataclasses.replace(rule, max_blocks=most)
    for old in same:
        if old.first_block == row.first_block:
            return old, rule
        if old.first_block < row.first_block < old.end:
            raise ValueError(
                f"{out}: blocks {old.first_block}..{old.end - 1} of {row.link} at "
                f"{row.ebn0_db:g} dB are counted already; choose another --seed, a "
                "--first-block behind them, or another --out"
            )
    return row, rule


def _refuse_other_model(rows, model, out):
    for row in rows:
        if row.link == model.name and row.model_sha256 != model.sha256:
            raise ValueError(
                f"{out}: holds counts of another model called '{model.name}' "
                f"({row.model_sha256[:12]}, now {model.sha256[:12]}); "
                "remove it, or choose another --out"
            )
        if row.version != __version__:
            raise ValueError(
                f"{out}: holds counts of version {row.version}, this is {__version__}; "
                "remove it, or choose another --out"
            )
