# SPDX-License-Identifier: GPL-3.0-or-later
"""Rates of functions, and ratios of contestants that run in turn."""

import statistics
import time


def rate_of(work, amount, seconds=0.3):
    """Return the amount per second of calls of work(), measured over `seconds`."""
    work()
    calls, spent, begun = 0, 0.0, time.perf_counter()
    while spent < seconds:
        work()
        calls += 1
        spent = time.perf_counter() - begun
    return calls * amount / spent


def rates_in_turn(contestants, rounds, along=iter):
    """Return {name: list with one rate per round}.

    In every round all contestants run in turn, so a drift of the machine's speed does
    not favor any of them.

    Args:
        contestants: {name: function that returns a rate}.
        rounds: number of rounds.
        along: function that returns an iterable and shows its progress.
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
