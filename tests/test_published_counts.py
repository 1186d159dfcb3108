# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of counts from published messages."""

import dataclasses

import pytest
from advphy_model.measure.link_chain import Counts
from advphy_model.measure.published_counts import PublishedCounts

from .published_messages import SHA, said


def message(blocks=100, errors=1, first=0, run="a", seed=1, name="mine", **settings):
    settings = {"ebn0_db": 3.0, "kind": "awgn"} | settings
    more = {"block": name, "run": run, "seed": seed, "first_block": first}
    return said(name, blocks, errors, settings, erasures=2, **more)


def taken(*messages, rows=()):
    found = PublishedCounts(rows)
    for each in messages:
        found.take(each)
    return found


def ranges(found):
    return [(r.first_block, r.blocks, r.block_errors) for r in found.rows()]


def test_a_segment_that_grows_is_one_row_with_its_newest_counts():
    found = taken(message(100, 1), message(300, 5), message(50, 9, first=300))
    assert ranges(found) == [(0, 300, 5), (300, 50, 9)]
    assert found.rows()[0] == Counts("bpsk", "flowgraph", 3.0, 1, 0, 300, 5, 2, SHA)
    assert found.counted_twice() == []


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"psr_db": "nan"}, "psr_db must be a finite number"),
        ({"psr_db": 3, "perturbation": "none"}, "psr_db must be a number with an att"),
        ({"canceller": "x" * 10_000}, "at most 4096"),
        ({"kind": "a\x1b[2J"}, "cannot be read"),
    ],
)
def test_what_a_table_could_not_be_read_with_is_no_row(settings, why):
    found = taken(message(), message(name="odd", first=100, **settings))
    assert len(found.rows()) == 1
    assert why in found.refused["odd"]


def test_counts_of_another_model_of_that_name_are_no_row():
    found = taken(message(), message(run="b", first=100) | {"model_sha256": "e" * 64})
    assert ranges(found) == [(0, 100, 1)]
    assert found.refused == {"mine": "there are counts of another model 'bpsk'"}


def test_a_message_that_comes_late_or_again_changes_nothing():
    found = taken(message(300, 5))
    assert not found.take(message(100, 1))
    assert not found.take(message(300, 5))
    assert ranges(found) == [(0, 300, 5)]


def test_attack_canceller_and_channel_are_those_of_the_settings():
    on = {"perturbation": "some 12345678", "psr_db": -6.00000012, "on": True}
    (row,) = taken(message(**on, canceller="canceller", kind="rayleigh_block")).rows()
    assert (row.attack, row.psr_db) == ("some 12345678", -6.0)
    assert (row.canceller, row.channel) == ("canceller", "rayleigh_block")
    (row,) = taken(message(**on | {"on": False, "psr_db": None})).rows()
    assert (row.attack, row.psr_db) == ("none", None)


def test_a_second_run_of_the_same_seed_counts_no_block_twice():
    first, second = message(1000, 9), message(600, 7, run="b")
    found = taken(first, second)
    assert ranges(found) == [(0, 1000, 9)]
    assert found.counted_twice() == ["mine"]
    assert ranges(taken(first, second | {"seed": 2})) == [(0, 1000, 9), (0, 600, 7)]
    longer = taken(first, message(2000, 30, run="b"))
    assert ranges(longer) == [(0, 2000, 30)]
    assert longer.counted_twice() == ["mine"]


def test_rows_of_a_file_count_no_block_twice_either():
    before = taken(message(1000, 9)).rows()
    assert ranges(taken(message(100, 1), rows=before)) == [(0, 1000, 9)]
    assert taken(message(100, 1), rows=before).counted_twice() == ["mine"]
    again = taken(message(1000, 9), rows=before)  # the very same counts, seen again
    assert (ranges(again), again.counted_twice()) == ([(0, 1000, 9)], [])
    behind = taken(message(100, 1, first=1000), rows=before)
    assert ranges(behind) == [(0, 1000, 9), (1000, 100, 1)]
    other = [dataclasses.replace(before[0], ebn0_db=4.0)]
    assert len(taken(message(100, 1), rows=other).rows()) == 2


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"ebn0_db": None}, "no ebn0_db"),
        ({"ebn0_db": True}, "no ebn0_db"),
        ({"errors": 99}, "more blocks failed"),
        ({"kind": "marsian"}, "marsian"),
        ({"perturbation": "x", "psr_db": [1]}, "psr_db"),
    ],
)
def test_counts_that_are_no_row_say_why(changes, why):
    found = taken(message(**changes))
    assert found.rows() == []
    assert why in found.refused["mine"]


def test_counts_with_gaps_are_no_row():
    assert taken(message() | {"missed_frames": 1}).rows() == []
    assert len(taken(message() | {"missed_frames": 0}).rows()) == 1


def test_other_kinds_are_passed_over():
    assert not PublishedCounts().take({"kind": "accuracy"})
    assert taken(message(0, 0)).rows() == []
