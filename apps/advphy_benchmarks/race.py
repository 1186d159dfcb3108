# SPDX-License-Identifier: GPL-3.0-or-later
"""Rates of functions, and ratios of contestants that run in turn."""

import statistics
import time


def rate_of(work, amount, seconds=0.3):
    """Return the amount per second of calls of work(), measured over `seconds`."""
    work()
    calls, begun = 0, time.perf_counter()
    while (spent := time.perf_counter() - begun) < seconds:
        work()
        calls += 1
    return calls * amount / spent


def rates_in_turn(contestants, rounds, along=iter):
    """Return {name: list with one rate per round}.

    In every round all contestants, {name: function that returns a rate}, run in turn,
    so a drift of the machine's speed does not favor any of them. along() shows the
    progress of an iterable.
    """
    rates = {name: [] for name in contestants}
    for _ in along(range(rounds)):
        for name, rate in contestants.items():
            rates[name].append(rate())
    return rates


def median_ratio(rates, ours, theirs):
    """Return the median over the rounds of the ratio of two contestants."""
    pairs = zip(rates[ours], rates[theirs], strict=True)
    return statistics.median(one / other for one, other in pairs)
