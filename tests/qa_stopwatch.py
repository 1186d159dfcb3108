# SPDX-License-Identifier: GPL-3.0-or-later
"""The presenter's stopwatch: rise after an attack, return after a defense."""

import numpy as np
from gnuradio.advphy.display.onset_strip import Interval
from gnuradio.advphy.display.presenter import Stopwatch


def strip(rates, blocks=1000, begin=100.0):
    """Return Intervals of 0.05 s with failures at given rates."""
    return [
        Interval(begin + 0.05 * (k + 1), blocks, round(rate * blocks))
        for k, rate in enumerate(rates)
    ]


def test_the_stopwatch_finds_rise_and_return():
    # 2 s at 1 %, an attack at 102.01 whose errors arrive from 102.2 on and are reported
    # at 102.25, a defense at 103.01 whose effect arrives at 103.4.
    rates = [0.01] * 44 + [0.2] * 24 + [0.01] * 30
    stopwatch, intervals = Stopwatch(), strip(rates)
    stopwatch.switch("attack", True, 102.01)
    said = stopwatch.look("x", intervals[:43], 102.2, 60.0)
    assert said == "no rise after 0.2 s"
    stopwatch.look("x", intervals[:50], 102.5, 60.0)
    stopwatch.switch("defense", True, 103.01)
    assert "not back after" in stopwatch.look("x", intervals[:66], 103.3, 60.0)
    said = stopwatch.look("x", intervals, 104.9, 60.0)
    assert said == "rose after 0.24 s, back after 0.39 s"
    # Nothing rises, so nothing returns; another attack begins anew.
    stopwatch.switch("attack", False, 105.0)
    stopwatch.switch("attack", True, 107.0)
    quiet = strip([0.01] * 160)
    assert stopwatch.look("x", quiet, 108.0, 60.0) == "no rise after 1.0 s"


def attacked(intervals, at=102.01, looks=(129.9,), **before):
    """Return what a stopwatch says at each look of an attack on one link."""
    stopwatch = Stopwatch()
    for which, when in before.items():
        stopwatch.switch(which, True, when)
    stopwatch.switch("attack", True, at)
    return [
        stopwatch.look("x", [i for i in intervals if i.time <= now], now, 30.0)
        for now in looks
    ]


def test_an_unharmed_link_has_no_rise_and_a_harmed_one_has_it_at_once():
    # 600 comparisons of correlated windows, each wrong with at most 5e-5 if the usual
    # rate were known exactly: less than 3 % of the runs.
    rng, said = np.random.default_rng(3), []
    for blocks, rate in [(1000, 1e-3), (50, 0.05), (1000, 1e-4)] * 20:
        intervals = strip(rng.binomial(blocks, rate, 600) / blocks, blocks)
        said += attacked([*intervals, Interval(130.0, 1, 1)], looks=(129.99, 130.0))
        harmed = strip(rng.binomial(1000, [1e-4] * 40 + [1e-2] * 10) / 1000)
        (rise,) = attacked(harmed, at=102.0, looks=(102.5,))
        assert rise.startswith("rose after 0.")
    assert {text.partition(" after")[0] for text in said} == {"no rise"}


def test_a_return_is_found_minutes_after_the_attack():
    stopwatch = Stopwatch()
    intervals = strip([0.01] * 40 + [0.2] * 3600 + [0.01] * 30)
    stopwatch.switch("attack", True, 102.0)
    stopwatch.look("x", intervals[:50], 102.5, 30.0)
    stopwatch.switch("defense", True, 281.9)  # errors end with the message of 282.0
    kept = intervals[-640:]
    said = stopwatch.look("x", kept, 283.5, 30.0)
    assert said == "rose after 0.05 s, back after 0.10 s"
    stopwatch.begin_anew(283.5)  # more power, which the defense withstands
    assert stopwatch.look("x", kept, 283.5, 30.0) == "no rise after 0.0 s"
    stopwatch.switch("defense", False, 283.5)
    later = strip([0.2] * 10, begin=283.5)
    assert stopwatch.look("x", kept + later, 284.0, 30.0) == "rose after 0.05 s"


def test_without_a_usual_rate_nothing_is_said():
    quiet = strip([0.01] * 200)
    assert attacked(quiet, at=100.0, looks=(105.0,)) == [""]
    stopwatch = Stopwatch()
    for on, when in ((True, 102.0), (False, 104.0), (True, 105.0)):
        stopwatch.switch("attack", on, when)
    assert stopwatch.look("x", quiet, 108.0, 30.0) == ""


def test_a_defense_that_was_on_before_is_timed_from_the_attack():
    rates = [0.01] * 40 + [0.2] * 8 + [0.01] * 40
    said = attacked(strip(rates), at=102.0, looks=(104.0,), defense=101.0)
    assert said == ["rose after 0.05 s, back after 0.40 s"]
