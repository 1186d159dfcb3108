# SPDX-License-Identifier: GPL-3.0-or-later
"""Intervals by formula and coverage; the stop rule."""

import math

import numpy as np
import pytest
from advphy_model.measure.error_rate import (
    CHECK_EVERY,
    StopRule,
    ebn0_db_at,
    interval,
    upper_bound,
)


def test_wilson_interval_by_its_formula():
    # Wilson (1927): (p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n).
    e, n, z = 20, 10_000, 1.959964
    p = e / n
    center, half = p + z**2 / (2 * n), z * math.sqrt(p * (1 - p) / n + z**2 / 4 / n**2)
    expected = [(center + s * half) / (1 + z**2 / n) for s in (-1, 1)]
    assert interval(e, n) == pytest.approx(expected, rel=1e-6)


def test_clopper_pearson_of_no_error():
    low, high = interval(0, 1000, "clopper_pearson")
    assert low == 0
    assert high == pytest.approx(1 - 0.025 ** (1 / 1000))


@pytest.mark.parametrize("method", ["wilson", "clopper_pearson"])
def test_intervals_cover_the_truth(method, rng):
    p, n = 2e-3, 20_000
    counts, repeats = np.unique(rng.binomial(n, p, 2000), return_counts=True)
    inside = 0
    for errors, times in zip(counts, repeats, strict=True):
        low, high = interval(errors, n, method)
        inside += times * (low <= p <= high)
    assert inside / 2000 > (0.94 if method == "wilson" else 0.95)
    assert inside / 2000 < 0.99


def test_upper_bound_without_errors_is_the_rule_of_three():
    assert upper_bound(1_000_000) == pytest.approx(3e-6, rel=2e-3)
    assert (1 - upper_bound(500)) ** 500 == pytest.approx(0.05)
    assert upper_bound(1) == pytest.approx(0.95)  # 1 - (1 - c)^1
    assert interval(0, 1, "clopper_pearson") == pytest.approx((0, 0.975))


def test_ebn0_at_a_bler_is_interpolated_in_the_logarithm():
    points = {4.0: (100, 10_000), 6.0: (1, 10_000), 8.0: (0, 10_000)}
    assert ebn0_db_at(points, 1e-3) == pytest.approx(5.0)
    assert ebn0_db_at(points, 1e-2) == pytest.approx(4.0)
    assert ebn0_db_at(points, 1e-5) is None
    assert ebn0_db_at(points, 0.5) is None


@pytest.mark.parametrize(
    "call",
    [
        lambda: interval(5, 4),
        lambda: interval(-1, 4),
        lambda: interval(0, 0),
        lambda: interval(1, 4, "bayes"),
        lambda: upper_bound(0),
        lambda: StopRule(min_errors=0),
        lambda: StopRule(max_blocks=1.5),
        lambda: StopRule(relative_width="x"),
        lambda: StopRule(relative_width=True),
        lambda: StopRule(relative_width=0),
    ],
)
def test_nonsense_is_refused(call):
    with pytest.raises(ValueError, match=r"must be|expected|choose from"):
        call()


def test_rule_is_looked_at_at_fixed_places():
    rule = StopRule(max_blocks=100_000)
    assert rule.next_check(0) == CHECK_EVERY
    assert rule.next_check(CHECK_EVERY - 1) == CHECK_EVERY
    assert rule.next_check(CHECK_EVERY) == 100_000
    assert StopRule(max_blocks=None).next_check(CHECK_EVERY) == 2 * CHECK_EVERY


def test_rule_by_errors_by_blocks_and_by_width():
    assert StopRule(min_errors=200).met(1000, 200)
    assert not StopRule(min_errors=200).met(1000, 199)
    assert StopRule(min_errors=None, max_blocks=10).met(10, 0)
    width = StopRule(min_errors=None, max_blocks=None, relative_width=0.2)
    # The interval is about 2 * 1.96 / sqrt(errors) wide: 384 errors for a fifth.
    assert not width.met(10**9, 350)
    assert width.met(10**9, 420)
    assert not width.met(10**9, 0)
