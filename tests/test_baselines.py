# SPDX-License-Identifier: GPL-3.0-or-later
"""Baselines: codes by their definitions, error rates by closed forms."""

import itertools

import numpy as np
import pytest
from advphy_model.complex_baseband import to_reals
from advphy_model.link import decision, links
from advphy_model.link.baselines import (
    binary_codes,
    hamming74_bpsk,
    nearest_codeword,
    simplices,
)
from advphy_model.link.decision import hard_decision_table

from .counting import counted


def test_hamming_code_is_linear_with_minimum_distance_three():
    words = hamming74_bpsk.codewords()
    as_set = {tuple(w) for w in words}
    assert len(as_set) == 16
    for a, b in itertools.combinations(words, 2):
        assert tuple((a + b) % 2) in as_set
        assert np.sum(a != b) >= 3
    # Weight distribution of the (7,4) code: 1, 7, 7, 1 of weights 0, 3, 4, 7.
    assert np.bincount(words.sum(axis=1)).tolist() == [1, 0, 0, 7, 7, 0, 0, 1]


def test_hard_decision_corrects_every_single_error():
    codebook = links.load("hamming74_hard").codebook
    table = hard_decision_table(codebook)
    for message, word in enumerate(hamming74_bpsk.codewords()):
        for wrong in [None, *range(7)]:
            bits = word.copy()
            if wrong is not None:
                bits[wrong] ^= 1
            assert table[int("".join(map(str, bits)), 2)] == message


def test_hamming_hard_bler_is_that_of_the_literature():
    # The table of [gan] facts: 0, 2, 4, 6, 8, 10 dB.
    expected = {0: 2.63e-1, 2: 1.24e-1, 4: 3.67e-2, 6: 5.39e-3, 8: 2.72e-4, 10: 2.74e-6}
    for ebn0_db, bler in expected.items():
        assert hamming74_bpsk.hamming74_hard_bler(ebn0_db) == pytest.approx(
            bler, rel=5e-3
        )


def test_uncoded_bpsk_bler_from_the_bit_error_rate():
    # Bit error rate of BPSK at 6.7895 dB is 1e-3 (any textbook).
    assert links.theory("bpsk")[1](6.7895) == pytest.approx(1 - 0.999**4, rel=1e-3)


# Distances from a codeword: of RM(1, 3) 14 times 4 and once 8; of the code of Nordstrom
# and Robinson 112, 30, 112 and 1 times 6, 8, 10 and 16 [macwilliams, ch. 15].
@pytest.mark.parametrize(
    ("codebook", "expected"),
    [
        (binary_codes.reed_muller, {8: 14, 16: 1}),
        (binary_codes.nordstrom_robinson, {12: 112, 16: 30, 20: 112, 32: 1}),
    ],
)
def test_binary_codes_have_the_distances_of_the_literature(codebook, expected):
    book = codebook()
    squared = np.sum(np.abs(book[:, None] - book[None]) ** 2, axis=2).round(3)
    for row in squared:
        values, times = np.unique(row[row > 0], return_counts=True)
        assert dict(zip(values.tolist(), times.tolist(), strict=True)) == expected


def test_the_linear_code_of_32_bits_has_distance_13():
    signs = np.sign(to_reals(binary_codes.linear()))
    weights = (signs != 1).sum(axis=1)
    assert sorted(weights)[:2] == [0, 13]
    products = signs[:, None] * signs[None]  # the sum of two words is a word
    words = {tuple(word) for word in signs}
    assert all(tuple(word) in words for word in products[::17].reshape(-1, 32))


def test_two_simplices_meet_rankins_bound():
    book = simplices.equal()
    energy = np.sum(np.abs(book) ** 2, axis=1)
    assert np.allclose(energy, 7)
    squared = np.sum(np.abs(book[:, None] - book[None]) ** 2, axis=2)
    apart = squared[~np.eye(16, dtype=bool)]
    # Rankin: for M > D + 1 points of energy E in D dimensions, d^2 <= 2 E.
    assert apart.min() == pytest.approx(2 * 7)
    assert sorted(set(np.round(apart, 9))) == [14, 16]


def test_union_bound_of_two_points_is_exact():
    # Antipodal: BLER = Q(d / 2 sigma) = Q(sqrt(2 Eb/N0)) for k = n = 1.
    bler = nearest_codeword.union_bound(np.array([[1], [-1]]), 1.0, 4.0)
    assert bler == pytest.approx(1.25e-2, rel=5e-3)  # Q(2.2414)


def test_union_bounds_are_tight_where_errors_are_rare():
    # Against the rates that simulation gives at 8 dB (200 errors each).
    assert links.theory("hamming74_ml")[1](8) == pytest.approx(1.17e-5, rel=0.2)
    assert links.theory("two_simplices")[1](8) == pytest.approx(2.2e-6, rel=0.2)


@pytest.mark.parametrize("name", ["hamming74_ml", "two_simplices"])
def test_nearest_codeword_decision_is_that_of_numpy(name, rng):
    model = links.load(name)
    y = rng.normal(size=(5000, 7)) + 1j * rng.normal(size=(5000, 7))
    y = y.astype(np.complex64)
    decided, erased = np.empty(5000, np.uint8), np.empty(5000, np.uint8)
    decision.decider(model).decide(y, decided, erased)
    assert np.array_equal(decided, nearest_codeword.nearest_codeword(y, model.codebook))
    assert not erased.any()


def test_hard_decision_wants_two_levels():
    with pytest.raises(ValueError, match="two real levels"):
        hard_decision_table(simplices.equal())
    with pytest.raises(ValueError, match=r"n must be 1..16"):
        hard_decision_table(np.ones((2, 17)))


def test_nearest_codeword_beats_hard_decision_on_the_same_noise():
    errors = {}
    for name in ("hamming74_hard", "hamming74_hard:nearest_codeword", "hamming74_ml"):
        errors[name] = counted(links.load(name), 4.0, 1_000_000).block_errors
    assert errors["hamming74_hard:nearest_codeword"] == errors["hamming74_ml"]
    assert errors["hamming74_ml"] < 0.4 * errors["hamming74_hard"]  # 1.2e-2, 3.7e-2


def test_a_pair_and_a_simplex_are_further_apart_than_equal_energies_allow():
    book = simplices.unequal(2)
    energy = np.sum(np.abs(book) ** 2, axis=1)
    assert energy.mean() == pytest.approx(7)
    # Equal distances of r^2 + R^2 = 28/13 R^2 with 2 r^2 + 14 R^2 = 16 * 7.
    assert np.allclose(energy, [7 * 240 / 212] * 2 + [7 * 208 / 212] * 14)
    squared = np.sum(np.abs(book[:, None] - book[None]) ** 2, axis=2)
    apart = squared[~np.eye(16, dtype=bool)]
    assert apart.min() == pytest.approx(14 * 224 / 212)  # above 14
    assert np.sum(apart > 14.8) == 2  # the pair itself
    # Measured at 8 dB by an independent simulation, 600 errors: 1.78e-6.
    assert links.theory("pair_and_simplex")[1](8) == pytest.approx(1.78e-6, rel=0.1)
    # A triangle and a simplex of 13: r^2 + R^2 = 26/12 R^2, 3 r^2 + 13 R^2 = 16 * 7.
    book = links.load("triangle_and_simplex").codebook
    squared = np.sum(np.abs(book[:, None] - book[None]) ** 2, axis=2)
    apart = squared[~np.eye(16, dtype=bool)]
    assert apart.min() == pytest.approx(26 / 12 * 112 / (3 * 14 / 12 + 13))
    assert np.sum(apart > 14.8) == 6  # the triangle itself
