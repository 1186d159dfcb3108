# SPDX-License-Identifier: GPL-3.0-or-later
"""Rates of calls, and the ratios between contestants that run in turn."""

import statistics
import time


def rate_of(work, amount, seconds=0.3):
    """Return amount per second of calling work(), over at least `seconds`."""
    work()
    calls, begun = 0, time.perf_counter()
    while (spent := time.perf_counter() - begun) < seconds:
        work()
        calls += 1
    return calls * amount / spent


def rates_in_turn(contestants, rounds, along=iter):
    """Return {name: its rates}, one of each round.

    All contestants run in turn in every round, so that a machine whose speed drifts
    favors none.

    Args:
        contestants: {name: function that returns a rate}.
        rounds: number of rounds.
        along: function of an iterable that shows the progress.
    """
    rates = {name: [] for name in contestants}
    for _ in along(range(rounds)):
        for name, rate in contestants.items():
            rates[name].append(rate())
    return rates


def median_ratio(rates, ours, theirs):
    """Return the median of ratios that are each formed within one round."""
    pairs = zip(rates[ours], rates[theirs], strict=True)
    return statistics.median(one / other for one, other in pairs)
