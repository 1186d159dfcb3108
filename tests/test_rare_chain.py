# SPDX-License-Identifier: GPL-3.0-or-later
"""Rare errors: closed forms, bounds, coverage, plain counting, what is refused."""

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from advphy_model.air.adversary import Adversary
from advphy_model.air.perturbation import Perturbation, jammer
from advphy_model.link import links
from advphy_model.link.codebook_geometry import distances
from advphy_model.link.link_model import LinkModel
from advphy_model.link.nearest_errors import nearest_errors
from advphy_model.measure import ranges, rare_chain, sweep, table
from advphy_model.measure.curves import curves
from advphy_model.measure.error_rate import StopRule, interval
from advphy_model.measure.rare_chain import RareSetting
from advphy_model.measure.rare_counts import RareCounts
from scipy import optimize, stats

from .commands import document, done, refused
from .counting import counted

TEN_PERCENT = StopRule(None, 2**20, relative_width=0.2)
RAYLEIGH = "rayleigh_block(coherent=True)"


def rare(model, ebn0_db, blocks=None, **settings):
    setting = RareSetting(model, ebn0_db, **settings)
    rule = StopRule(None, blocks) if blocks else TEN_PERCENT
    return ranges.total(setting, rule, engine="rare")[0]


def error(row):
    """Return the rate of a row and its standard deviation."""
    rate = row.weight_sum / row.blocks_drawn
    return rate, (row.weight_squares - rate * row.weight_sum) ** 0.5 / row.blocks_drawn


def closed_form(name, ebn0_db):
    """Return the BLER of four bits, or of two or more wrong bits of seven."""
    rate = {"bpsk": 1, "hamming74_hard": 4 / 7}[name]
    p = stats.norm.sf((2 * rate * 10 ** (ebn0_db / 10)) ** 0.5)
    return stats.binom.sf(*{"bpsk": (0, 4), "hamming74_hard": (1, 7)}[name], p)


def ebn0_db_of(bler, name):
    return optimize.brentq(lambda db: np.log(closed_form(name, db) / bler), 0, 15)


@pytest.mark.parametrize("bler", [1e-3, 1e-9, 1e-12])
@pytest.mark.parametrize("name", ["bpsk", "hamming74_hard"])
def test_closed_forms_to_10_percent(name, bler):
    ebn0_db = ebn0_db_of(bler, name)
    rate, deviation = error(row := rare(links.load(name), ebn0_db, seed=5))
    assert abs(rate - bler) < 3.5 * deviation
    low, high = interval(row.failures, row.blocks)
    assert high - low < 0.2 * rate
    assert row.doubt is None
    assert links.theory(name)[1](ebn0_db) == pytest.approx(bler, rel=1e-9)


@pytest.mark.parametrize("name", ["two_simplices", "autoencoder_mlp:nearest_codeword"])
def test_nearest_codewords_lie_between_two_bounds(name):
    model, ebn0_db = links.load(name), 10.0  # about 1e-9
    noise = (7 / 8 / 10) ** 0.5  # 1 / (2 R Eb/N0) with R = 4/7
    apart = distances(model.codebook) / 2 / noise
    pairs = [stats.norm.sf(np.delete(apart[s], s)) for s in range(16)]
    most, least = np.mean([np.sum(each) for each in pairs]), np.max(pairs) / 16
    rate, deviation = error(rare(model, ebn0_db))
    assert deviation < 0.05 * rate
    assert least < rate < most + 3.5 * deviation
    # Two other codewords are hardly ever both nearer.
    assert rate > 0.97 * most - 3.5 * deviation


@pytest.mark.parametrize(("ebn0_db", "blocks"), [(20.0, None), (84.0, 200_000)])
def test_rayleigh_fading_of_one_bit_follows_the_closed_form(ebn0_db, blocks):
    one = LinkModel("one", 1, 1, np.array([[1], [-1]]), "hard_decision")
    ratio = 10 ** (ebn0_db / 10)
    wanted = 0.5 / (1 + ratio + math.sqrt(ratio * (1 + ratio)))  # [proakis, Sec. 14.3]
    rate, deviation = error(rare(one, ebn0_db, blocks, channel=RAYLEIGH))
    assert deviation < 0.05 * wanted
    assert abs(rate - wanted) < 3.5 * deviation


def test_intervals_cover_the_closed_form_as_often_as_they_say():
    model, wanted = links.load("bpsk"), 1e-9
    ebn0_db, hits = ebn0_db_of(wanted, "bpsk"), 0
    for seed in range(200):
        row = rare(model, ebn0_db, 2000, seed=seed)
        low, high = interval(row.failures, row.blocks)
        hits += low <= wanted <= high
        assert row.doubt is None
    fewest, most = stats.binom.ppf([0.001, 0.999], 200, 0.95)
    assert fewest <= hits <= most


def drawn(kind):
    draw = np.random.default_rng(7).standard_normal((2, 16, 7))
    return Perturbation("drawn", kind, 4, 7, draw[0] + 1j * draw[1])


STRONG = "autoencoder_mlp_8p5db"
P = Perturbation.load(f"universal_pgd_{STRONG}")
ALSO = pytest.mark.slow
SETTINGS = [
    pytest.param(4.0, {}, id="none"),
    pytest.param(7.0, {"attack": Adversary(P, -12)}, id="universal"),
    pytest.param(6.0, {"attack": Adversary(drawn("table"), -10)}, id="table"),
    pytest.param(
        6.0,
        {"attack": Adversary(P, -10, shift="random", phase="random")},
        id="shift, phase",
    ),
    pytest.param(
        7.0, {"attack": Adversary(P, -12, sign="alternate")}, id="sign", marks=ALSO
    ),
    pytest.param(6.0, {"attack": Adversary(drawn("book"), -10)}, id="book", marks=ALSO),
    pytest.param(
        14.0,
        {"attack": Adversary(drawn("book"), -20), "channel": RAYLEIGH},
        id="attack over fading",
        marks=ALSO,
    ),
    pytest.param(  # some codewords are decided wrongly even without noise and fading
        6.0,
        {"attack": Adversary(drawn("table"), 3), "channel": RAYLEIGH},
        id="strong attack over fading",
    ),
]


@pytest.mark.parametrize(("ebn0_db", "settings"), SETTINGS)
def test_plain_counting_agrees(ebn0_db, settings):
    model = links.load(STRONG)
    plain = counted(model, ebn0_db, StopRule(1000, 2_000_000), seed=11, **settings)
    rate, deviation = error(rare(model, ebn0_db, seed=12, **settings))
    found = plain.failures / plain.blocks
    together = math.hypot(deviation, found / plain.failures**0.5)
    assert plain.failures >= 500
    assert abs(rate - found) < 3.5 * together


def test_the_mean_is_right_even_if_most_wrong_decisions_were_not_found(monkeypatch):
    model, found = links.load("bpsk"), nearest_errors

    def only_one_bit(model, centers):
        return [d[np.abs(d).argmax(axis=1) == 0] for d in found(model, centers)]

    monkeypatch.setattr(rare_chain, "nearest_errors", only_one_bit)
    rate, deviation = error(rare(model, ebn0_db_of(1e-2, "bpsk"), 2**17))
    assert abs(rate - 1e-2) < 3.5 * deviation < 3e-3


def test_a_message_without_wrong_decisions_is_drawn_without_bias(monkeypatch):
    model, found = links.load("bpsk"), nearest_errors

    def none_of_message_3(model, centers):
        return [d if s != 3 else d[:0] for s, d in enumerate(found(model, centers))]

    monkeypatch.setattr(rare_chain, "nearest_errors", none_of_message_3)
    rate, deviation = error(rare(model, ebn0_db_of(1e-2, "bpsk"), 2**17))
    assert abs(rate - 1e-2) < 3.5 * deviation < 3e-3


def test_nearest_errors_are_half_a_distance_away_or_one_sign():
    model = links.load("two_simplices")
    found = nearest_errors(model, model.codebook)
    assert min(np.linalg.norm(d[0]) for d in found) == pytest.approx(14**0.5 / 2, 1e-3)
    model = links.load("bpsk")
    for d in nearest_errors(model, model.codebook):
        single = d[np.abs(np.linalg.norm(d, axis=1) - 1) < 1e-3]
        assert set(np.abs(single).argmax(axis=1)) == {0, 1, 2, 3}


def test_a_codeword_that_is_decided_wrongly_needs_no_displacement():
    model = links.load("bpsk")
    found = nearest_errors(model, model.codebook - 1.5)  # bits 0 arrive as -0.5
    assert [not d.any() for d in found] == [True] * 15 + [False]


def test_ranges_and_seeds_add_up(tmp_path):
    setting, out = RareSetting(links.load("hamming74_hard"), 9.0), tmp_path / "run.csv"

    def measured(out, blocks):
        rule = StopRule(None, blocks)
        steps = sweep.measure([setting], rule, out, RareCounts, engine="rare")
        return list(steps)[-1].row

    whole = measured(tmp_path / "whole.csv", 40_000)
    measured(out, 15_001)
    parts = measured(out, 40_000)
    assert table.read(out, RareCounts) == [parts]
    assert parts.weight_sum == pytest.approx(whole.weight_sum, rel=1e-12)
    assert parts.largest_weight == pytest.approx(whole.largest_weight, rel=1e-12)
    assert parts.errors_drawn == whole.errors_drawn
    other = replace(whole, seed=2, weight_sum=3 * whole.weight_sum)
    ((failures, blocks),) = curves([whole, other])["hamming74_hard"].values()
    assert failures / blocks == pytest.approx(2 * whole.weight_sum / 40_000)


def test_a_worker_gets_the_proposal_and_finds_the_same():
    setting = RareSetting(links.load("bpsk"), 9.0)
    sent = pickle.loads(pickle.dumps(setting))
    assert "proposal" in vars(sent)
    assert sent.count(0, 5, 2000) == setting.count(0, 5, 2000)


ROW = RareCounts("bpsk", "rare", 9.0, 1, 0, 1000, 50, 50.0, 50.0, 1.0, "abc")


def test_weights_of_1_are_plain_counts():
    assert (ROW.failures, ROW.blocks) == (50, 1000)
    assert interval(ROW.failures, ROW.blocks) == interval(50, 1000)


@pytest.mark.parametrize(
    "changes",
    [
        {"errors_drawn": 1001},
        {"weight_squares": 49.0},  # below S^2 / 50
        {"largest_weight": 51.0},
        {"weight_sum": -1.0},
        {"attack": "p"},
    ],
)
def test_sums_that_cannot_be_are_refused(tmp_path, changes):
    table.write(tmp_path / "a.csv", [replace(ROW, **changes)], RareCounts)
    with pytest.raises(ValueError, match=r"cannot be|psr_db must be"):
        table.read(tmp_path / "a.csv", RareCounts)


def test_few_effective_errors_raise_a_doubt():
    assert "50 errors are worth 50, must be at least 100" in ROW.doubt
    many = {"blocks_drawn": 10**6, "errors_drawn": 50_000, "weight_sum": 900.0}
    assert (
        "worth 900, must be at least 1000"
        in replace(ROW, **many, weight_squares=900.0).doubt
    )
    assert replace(ROW, **many, weight_squares=800.0).doubt is None
    nothing = RareSetting(links.load("bpsk"), 9.0).rows("rare", 0)[0]
    assert nothing.blocks == 0 < len(nothing.doubt)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"channel": "rayleigh_block"}, "is not awgn or rayleigh_block"),
        ({"channel": "phase_noise"}, "is not awgn or rayleigh_block"),
        ({"attack": Adversary(jammer(4, 7, -6))}, "a jammer is strong in few blocks"),
        ({"attack": Adversary(P, fading="rayleigh")}, "fading of p"),
        ({"attack": Adversary(P, sign="random", hold=2)}, "depend on each other"),
        ({"attack": Adversary(P, frequency_offset=0.01)}, "depend on each other"),
        ({"attack": Adversary(P, off_blocks=1, on_blocks=1)}, "depend on each other"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_a_remedy(settings, text):
    with pytest.raises(ValueError, match=f"{text}.*or count without --rare"):
        RareSetting(
            links.load("bpsk" if "channel" in settings else STRONG), 9, **settings
        )


def test_the_command_measures_continues_and_draws_rare_errors(here):
    words = "measure bpsk --rare --out rare.csv --ebn0-db"
    (found,) = document(words, "12.5")["rows"]
    assert found["bler"] == pytest.approx(closed_form("bpsk", 12.5), rel=0.1)
    assert (found["engine"], found["doubt"]) == ("rare", None)
    lines = done(words, "9.5:12.5:3").splitlines()
    assert [line.endswith("resumed") for line in lines[1:]] == [False, True]
    (curve,) = document("plot rare.csv --out rare.svg")["curves"]
    rates = {point["x"]: point["bler"] for point in curve["points"]}
    assert rates == {9.5: pytest.approx(4.84e-5, rel=0.1), 12.5: found["bler"]}


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("measure bpsk --rare --min-errors 300", "points end by --relative-width"),
        ("measure bpsk --rare --relative-width 0", "relative_width must be above 0"),
        ("measure bpsk --rare --cancel", "omit --cancel"),
        ("measure bpsk --rare --attack noise_jammer", "choose a lower Eb/N0"),
        ("measure bpsk --rare --ebn0-db 50", "choose a lower Eb/N0"),
    ],
)
def test_the_command_refuses_what_is_not_possible(here, words, text):
    assert text in refused(words, "--out run.csv")


def test_rare_and_plain_counts_are_not_mixed_in_a_file(here):
    table.write(here / "rare.csv", [ROW], RareCounts)
    assert "is missing; is it a CSV of" in refused("measure bpsk --out rare.csv")
    assert "the weights degenerate" in refused("plot rare.csv --out a.png")
