# SPDX-License-Identifier: GPL-3.0-or-later
"""The link in tiles: closed forms, threads, an independent chain in numpy."""

import numpy as np
import pytest
from advphy_model import randomness
from advphy_model.air import channels
from advphy_model.link import decision, links
from advphy_model.link.baselines.nearest_codeword import nearest_codeword
from advphy_model.link.link_model import LinkModel
from advphy_model.measure import ranges
from advphy_model.measure.error_rate import CHECK_EVERY, StopRule
from advphy_model.measure.link_chain import LinkSetting
from advphy_model.power import noise_sigma, noise_variance
from advphy_model.receive.canceller import CancellerSettings

from .counting import counted


def total(model, blocks, ebn0_db, **settings):
    row = counted(model, ebn0_db, blocks, **settings)
    return row.blocks, row.block_errors, row.erasures


@pytest.mark.parametrize("ebn0_db", range(9))
@pytest.mark.parametrize("name", ["bpsk", "hamming74_hard"])
def test_closed_forms_within_three_and_a_half_sigma(name, ebn0_db):
    p = links.theory(name)[1](ebn0_db)
    n = 4_000_000
    blocks, errors, erasures = total(links.load(name), n, ebn0_db, seed=21)
    assert (blocks, erasures) == (n, 0)
    assert abs(errors - n * p) < 3.5 * (n * p * (1 - p)) ** 0.5


def test_counts_equal_those_of_an_independent_chain_in_numpy():
    model, n = links.load("two_simplices"), 200_000
    sent = randomness.messages(9, 0, n, 4)
    noise = randomness.noise(9, 0, n, 7)
    y = model.codebook[sent] + np.float32(noise_sigma(3, 4 / 7)) * noise
    errors = int(np.sum(nearest_codeword(y, model.codebook) != sent))
    assert total(model, n, 3, seed=9) == (n, errors, 0)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_and_ranges_do_not_matter(threads):
    model = links.load("hamming74_ml")
    expected = total(model, 300_000, 2, threads=2)
    assert total(model, 300_000, 2, threads=threads) == expected
    first = total(model, 100_001, 2, threads=threads)
    rest = total(model, 199_999, 2, threads=threads, first=100_001)
    assert tuple(a + b for a, b in zip(first, rest, strict=True)) == expected


def test_the_rule_ends_the_run_at_a_fixed_place():
    row = counted(links.load("hamming74_hard"), 2, StopRule(10_000), threads=3)
    assert row.blocks == 2 * CHECK_EVERY  # 8 100 errors are expected in each piece
    assert row.block_errors >= 10_000


def test_nothing_is_counted_when_enough_was():
    setting = LinkSetting(links.load("bpsk"), 2.0)
    (row,) = setting.rows("loop", 0)
    before = row.plus({"blocks": 1000, "block_errors": 200, "erasures": 0})
    assert list(ranges.counted(setting, (before,), StopRule(200))) == []


@pytest.mark.parametrize("name", ["hamming74_hard", "hamming74_ml"])
def test_samples_that_are_not_finite_are_erased_not_message_zero(name, rng):
    model = links.load(name)
    y = np.repeat(model.codebook[5][None], 100, axis=0)
    bad = {3: np.nan, 50: np.inf, 99: complex(1, -np.inf)}
    for i, value in bad.items():
        y[i, i % 7] = value
    messages, erased = np.full(100, 9, np.uint8), np.full(100, 9, np.uint8)
    assert decision.decider(model).decide(y, messages, erased) == 3
    assert np.flatnonzero(erased).tolist() == sorted(bad)
    assert np.all(messages[erased == 0] == 5)
    assert np.all(messages[erased == 1] == 0)


def test_noise_power_is_that_of_the_definition():
    model = links.load("two_simplices")
    x = np.zeros((200_000, 7), np.complex64)
    y = np.empty_like(x)
    channels.channel("awgn")(
        x, y, seed=1, first_block=0, noise_variance=noise_variance(3.0, 4 / 7)
    )
    sigma2 = noise_sigma(3.0, model.rate) ** 2
    for part in (y.real, y.imag):  # standard error of a variance: sqrt(2/m)
        assert abs(part.var() / sigma2 - 1) < 4 * (2 / y.size) ** 0.5


def test_a_canceller_that_does_not_fit_the_link_is_refused_before_it_counts():
    book = np.ones((2, 300), complex) * [[1], [-1]]
    link = LinkModel("long", 1, 300, book, "nearest_codeword")
    with pytest.raises(ValueError, match=r"must be in 1\.\.256"):
        LinkSetting(link, 4.0, canceller=CancellerSettings(adversary="shifts"))
