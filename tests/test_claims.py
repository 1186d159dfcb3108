# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims of both papers judged on planted numbers, and the page that says so."""

import dataclasses
import math

import pytest
from advphy_model.measure.error_rate import Estimate, share
from advphy_model.measure.link_chain import Counts
from advphy_model.measure.semantic_counts import SemanticCounts
from advphy_training.reproduce import figures, page
from advphy_training.reproduce.arn_curves import Measured
from advphy_training.reproduce.block_errors import BlockErrors
from advphy_training.reproduce.claims import (
    FAILS,
    HOLDS,
    OPEN,
    Claim,
    Condition,
    at_most,
    below,
    below_by,
    falling,
    fewer_errors,
    less_ebn0,
    only,
    verdict,
    within,
)
from advphy_training.reproduce.gan_curves import Attack, System

GOOD, BAD = ("good", "pgd"), ("bad", "pgd")


def judged(condition, **curves):
    """Return (state, numbers) on curves of (failures, blocks), each {x: ...}."""
    curves = [
        {x: share(*counted) for x, counted in curves[name].items()} for name in "ab"
    ]
    return condition.judge(*curves)


@pytest.mark.parametrize(
    ("a", "b", "margin", "state"),
    [
        ((100, 100_000), (400, 100_000), 1.0, HOLDS),
        ((400, 100_000), (100, 100_000), 1.0, FAILS),
        ((100, 100_000), (105, 100_000), 1.0, OPEN),
        ((105, 100_000), (100, 100_000), 2.0, HOLDS),
        ((200, 100_000), (150, 100_000), 0.5, FAILS),
        ((0, 100_000), (400, 100_000), 1.0, HOLDS),
    ],
)
def test_blers_are_compared_with_their_intervals(a, b, margin, state):
    condition = fewer_errors("c", GOOD, BAD, margin=margin)
    assert judged(condition, a={8.0: a}, b={8.0: b})[0] == state


def test_limits_that_meet_are_apart_enough():
    one, meets, overlaps = (Estimate(x, 3.0, 3.0) for x in (0.5, 3.0, 2.99))
    assert below()(one, meets) == below(0.5)(one, Estimate(6.0, 7.0, 8.0)) == HOLDS
    assert below()(one, overlaps) == OPEN


def at_bler(shift_db, errors=400):
    """Return a curve with BLER 10^-(Eb/N0 - shift), so 1e-3 at 3 dB + shift."""
    return {
        float(db): (errors, round(errors * 10 ** (db - shift_db)))
        for db in range(1, 8)
        if db >= shift_db
    }


FLAT = {1.0: (400, 4000), 8.0: (400, 5000)}  # never as low as 1e-3


@pytest.mark.parametrize(
    ("a", "b", "margin", "state"),
    [
        (at_bler(0), at_bler(1), 0.0, HOLDS),
        (at_bler(1), at_bler(0), 0.0, FAILS),
        (at_bler(1), at_bler(0), 2.0, HOLDS),
        (at_bler(0), at_bler(0), 0.0, OPEN),
        (at_bler(0), FLAT, 0.0, HOLDS),
        (FLAT, at_bler(0), 0.0, FAILS),
        ({}, {}, 0.0, OPEN),
    ],
)
def test_ebn0_for_a_bler_is_compared_with_its_interval(a, b, margin, state):
    condition = less_ebn0("c", GOOD, BAD, bler=1e-3, margin=margin)
    found, numbers = judged(condition, a=a, b=b)
    assert found == state
    if (a, b) == (at_bler(0), at_bler(1)):  # interpolated
        assert "3.00 dB" in numbers
        assert "4.00 dB" in numbers


def test_a_comparison_at_several_ebn0_must_come_out_the_same_at_each():
    a = {7.0: (100, 100_000), 8.0: (100, 100_000)}
    b = {7.0: (400, 100_000), 8.0: (400, 100_000)}
    both = fewer_errors("c", GOOD, BAD, at=(7.0, 8.0))
    assert judged(both, a=a, b=b)[0] == HOLDS
    assert judged(both, a=a, b={**b, 8.0: (10, 100_000)})[0] == OPEN
    missing = fewer_errors("c", GOOD, BAD, at=(7.0, 9.0))
    assert judged(missing, a=a, b=b)[0] == OPEN


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ({"fgm": HOLDS, "pgd": HOLDS}, "reproduced"),
        ({"fgm": FAILS, "pgd": FAILS}, "not reproduced"),
        ({"fgm": HOLDS, "pgd": FAILS}, "only with: fgm"),
        ({"fgm": HOLDS, "pgd": OPEN}, "reproduced, but not decided with: pgd"),
        ({"fgm": FAILS, "pgd": OPEN}, "not reproduced; not decided with: pgd"),
        ({"fgm": OPEN}, "not decided"),
        ({"": HOLDS}, HOLDS),
        ({"": FAILS}, FAILS),
    ],
)
def test_a_verdict_says_under_what_a_claim_holds(states, expected):
    outcomes = [(name, state, "1 against 2") for name, state in states.items()]
    assert verdict([outcomes]) == verdict([outcomes] * 3) == expected


# The claims of [arn]: points, not counts.


def points(half, *values):
    """Return {x: Estimate} of values at 0, 1, ..., each with an interval of 2 half."""
    return {x: Estimate(v - half, v, v + half) for x, v in enumerate(values)}


@pytest.mark.parametrize(
    ("test", "ours", "theirs", "state"),
    [
        (within(0.36, 0.45), 0.40, None, HOLDS),
        (within(0.36, 0.45), 0.445, None, HOLDS),
        (within(0.36, 0.45), 0.455, None, OPEN),
        (within(0.36, 0.45), 0.50, None, FAILS),
        (below(), 0.30, 0.40, HOLDS),
        (below(), 0.395, 0.40, OPEN),
        (below(), 0.50, 0.40, FAILS),
        (at_most(1.02), 0.407, 0.40, HOLDS),
        (at_most(1.02), 0.409, 0.40, FAILS),
        (at_most(1.0, more=0.05), 0.44, 0.40, HOLDS),
        (below_by(0.08, 0.12), 0.84, 0.94, HOLDS),
        (below_by(0.08, 0.12), 0.90, 0.94, FAILS),
        (below_by(0.08, 0.12), 0.70, 0.94, FAILS),
    ],
)
def test_a_value_is_tested(test, ours, theirs, state):
    values = [ours] if theirs is None else [ours, theirs]
    (condition,) = only("mse", ("a", "b")[: len(values)], (0,), test)
    assert condition.judge(*(points(0.01, value) for value in values))[0] == state


def test_one_x_that_fails_is_enough_and_none_is_open():
    (condition,) = only("accuracy", ("a",), (0, 1), within(0, 0.12))
    assert condition.judge(points(0.01, 0.1, 0.5))[0] == FAILS
    assert condition.judge({}) == (OPEN, "not measured")


def test_falling_looks_at_every_step_and_wants_all_points():
    (condition,) = falling("accuracy", "a", (0, 1, 2))
    assert condition.judge(points(0.01, 0.8, 0.4, 0.1))[0] == HOLDS
    assert condition.judge(points(0.01, 0.8, 0.4, 0.5))[0] == FAILS
    assert condition.judge(points(0.01, 0.8, 0.4))[0] == OPEN


class Planted:
    """A figure of two systems and one attack."""

    TITLE = "planted"
    SYSTEMS = (System("good", "the good one"), System("bad", "the bad one"))
    ATTACKS = (Attack("pgd", "PGD", "universal_pgd"),)
    CLAIMS = (
        Claim(
            "the good one is better",
            "'better'",
            (
                fewer_errors("no attack", ("good", "clean"), ("bad", "clean")),
                fewer_errors("PGD", GOOD, BAD),
            ),
        ),
    )


def planted(*errors_of_seeds):
    """Return what was measured: of each seed, errors {(link, key): errors}."""
    found = BlockErrors(len(errors_of_seeds))
    for seed, errors in enumerate(errors_of_seeds):
        for (link, key), failures in errors.items():
            at = (f"{link}_seed{seed}", "loop", 8.0, 1, 0, 100_000, failures, 0, "abc")
            under = {} if key == "clean" else {"psr_db": -6.0, "attack": key}
            found.counts[seed, link, key] = {8.0: (Counts(*at, **under),)}
    return found


CLEAN = {("good", "clean"): 10, ("bad", "clean"): 90}
HELD, TURNED = (CLEAN | {GOOD: a, BAD: b} for a, b in ((100, 900), (900, 100)))


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [
        ([HELD], "**reproduced**"),
        ([TURNED], "**only with: no attack**"),
        (
            [HELD, HELD, TURNED],
            "**2 of 3 seeds: reproduced; 1 of 3 seeds: only with: no attack**",
        ),
    ],
)
def test_claims_are_judged_from_the_counts_of_each_seed(seeds, expected):
    text = page.section("gan-fig0", Planted, planted(*seeds), ["advphy"])
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    (line,) = [row for row in rows if "'better'" in row]
    assert line.endswith(f"{expected} |")
    assert "1.00e-03 (" in line
    assert {row.replace("\\|", "").count("|") for row in rows} == {3, 5}


def test_seeds_add_up_and_a_baseline_shared_by_them_counts_once():
    found = planted(HELD, TURNED)
    assert found.added_up("good", "pgd") == {8.0: (1000, 200_000)}
    assert found.spread("good", "pgd") == {8.0: (0.001, 0.009)}
    found.counts[1, "good", "pgd"] = found.counts[0, "good", "pgd"]
    assert found.added_up("good", "pgd") == {8.0: (100, 100_000)}


def test_a_page_keeps_the_sections_of_other_figures(tmp_path):
    path = tmp_path / "claims.md"
    for name, text in (("fig3", "old"), ("fig5a", "other"), ("fig3", "new")):
        page.write(path, name, text)
    assert "old" not in path.read_text()
    assert path.read_text().index("new") < path.read_text().index("other")


@pytest.mark.parametrize("name", figures.names())
def test_a_figure_has_the_curves_that_its_claims_compare(name):
    figure = figures.figure(name)
    if name.startswith("gan"):
        attacks = [attack.key for attack in figure.ATTACKS]
        known = {
            (system.link, key)
            for system in figure.SYSTEMS
            for key in ("clean", *attacks)
        }
        assert len(set(attacks)) == len(attacks)
    else:
        known = {("mse", curve) for curve in (*figure.MSE_CURVES, "base")}
        known |= {
            ("accuracy", curve) for curve in figure.ACCURACY_CURVES | figure.LINES
        }
    for claim in figure.CLAIMS:
        for condition in claim.conditions:
            assert isinstance(condition, Condition)
            assert set(condition.curves) <= known, claim.text


def test_numbers_of_seeds_stand_behind_their_condition():
    one = [("a < b", "holds", "1 < 2"), ("", "", "5 dB")]
    other = [("a < b", "holds", "1 < 3"), ("", "", "6 dB")]
    wanted = "a < b: 1 < 2 / 1 < 3: holds for every seed<br>5 dB<br>6 dB"
    assert page._ours([one, other]) == wanted
    assert page._ours([one]) == "a < b: 1 < 2: holds<br>5 dB"


def test_what_was_measured_is_kept_for_its_curve():
    at = ("arn", "loop", "mnist", "bob", "learned", 5.0, 1, 0, 100, 10, 4, 0)
    bob = SemanticCounts(*at, 50.0, 0, 400.0, 8.0, 100.0, "m")
    eve = dataclasses.replace(bob, branch="eve", squared_error=0.0, correct=30)
    without = dataclasses.replace(bob, branch="bob_without", squared_error=80.0)
    measured = Measured()
    for x in (5.0, 7.0):
        branches = {"bob": bob, "eve": eve, "bob_without": without}
        measured.note(1, "white", x, branches, without=x == 5.0)
    keys = [("mse", "white"), ("accuracy", "white"), ("mse", "white_without")]
    assert measured.points.keys() == {(1, key) for key in keys}
    values = [[p.value for p in measured.points[1, key].values()] for key in keys]
    assert values == [[0.05, 0.05], [0.3, 0.3], [0.08]]
    psr_db, power_db = measured.power_db[1, "white", 5.0]
    assert psr_db == pytest.approx(10 * math.log10(8 / 400))
    assert power_db == pytest.approx(10 * math.log10(100 / 400))
    assert len(measured.rows) == 3


@pytest.mark.parametrize("name", ["arn-fig3", "arn-fig4"])
def test_the_page_has_every_claim_and_every_choice(name):
    figure, measured = figures.figure(name), Measured()
    for curve in (*figure.MSE_CURVES, "base"):
        measured.points[1, ("mse", curve)] = {-20.0: Estimate(0.2, 0.3, 0.4)}
    for curve in figure.ACCURACY_CURVES:
        measured.points[1, ("accuracy", curve)] = {-20.0: Estimate(0.3, 0.4, 0.5)}
    text = page.section(name, figure, measured, ["advphy reproduce x"])
    for claim in figure.CLAIMS:
        assert f"| {claim.text} |" in text
    assert "| power limit |" in text
    assert "    advphy reproduce x\n" in text
