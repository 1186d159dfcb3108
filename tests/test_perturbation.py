# SPDX-License-Identifier: GPL-3.0-or-later
"""Perturbations: power, fit to a link; test_model_file.py has their files."""

import math

import numpy as np
import pytest
from advphy_model.air import perturbation
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links


def universal(rng, **changes):
    rows = rng.normal(size=(1, 7)) + 1j * rng.normal(size=(1, 7))
    given = {
        "name": "mine",
        "kind": "universal",
        "k": 4,
        "n": 7,
        "rows": rows,
        "ebn0_db": 8.0,
        "victims": {"some_link": "ab" * 32},
        "knowledge": {"weights": "white box"},
        "recipe": {"seed": 3},
    }
    return Perturbation(**{**given, **changes})


def test_psr_is_power_over_n(rng):
    ones = universal(rng, rows=np.full((1, 7), 0.5j))  # ||p||^2 = 7 / 4
    assert ones.psr_db == pytest.approx(10 * math.log10(0.25))
    scaled = ones.scaled(-6.0)
    assert np.sum(np.abs(scaled.rows) ** 2) == pytest.approx(7 * 10**-0.6)
    table = universal(rng, kind="table", rows=np.full((16, 7), 0.5))
    assert table.psr_db == pytest.approx(ones.psr_db)


def test_a_jammer_has_its_psr_in_every_channel_use():
    jammer = perturbation.jammer(4, 7, -3.0)
    assert np.abs(jammer.rows) ** 2 == pytest.approx(np.full((1, 7), 10**-0.3))
    assert jammer.psr_db == pytest.approx(-3.0)


def test_it_fits_links_of_its_n_only(rng):
    p = universal(rng)
    p.require_fit(links.load("two_simplices"))
    with pytest.raises(ValueError, match="n = 7 channel uses, link 'bpsk' has n = 4"):
        p.require_fit(links.load("bpsk"))
    eight = universal(rng, n=4, k=8, kind="table", rows=np.ones((256, 4)))
    with pytest.raises(ValueError, match="256 messages, link 'bpsk' has 16"):
        eight.require_fit(links.load("bpsk"))


def test_another_link_gets_a_warning_with_both_hashes(rng):
    one, other = links.load("two_simplices"), links.load("hamming74_ml")
    p = universal(rng, victims={one.name: one.sha256})
    assert p.warning_for(one) is None
    text = p.warning_for(other)
    assert one.sha256[:12] in text
    assert other.sha256[:12] in text
    assert perturbation.jammer(4, 7, 0.0).warning_for(other) is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "loud"}, "kind 'loud' is not known"),
        ({"n": 0, "rows": np.ones((1, 0))}, "n in 1..4096, got k = 4, n = 0"),
        ({"n": 4097, "rows": np.ones((1, 4097))}, "got k = 4, n = 4097"),
        ({"k": 9}, "k must be in 0..8 .*got k = 9"),
        ({"rows": np.ones((2, 7))}, r"shape \(2, 7\), expected \(1, 7\)"),
        ({"kind": "table"}, r"expected \(16, 7\)"),
        ({"kind": "book"}, r"a book must have 2\.\.4096 rows, got 1"),
        ({"rows": np.full((1, 7), np.nan)}, "not finite"),
        ({"rows": np.zeros((1, 7))}, "it is zero"),
    ],
)
def test_what_is_no_perturbation_is_refused(rng, changes, said):
    with pytest.raises(ValueError, match=said):
        universal(rng, **changes)


@pytest.mark.parametrize("psr_db", [math.nan, math.inf, 61, -101])
def test_a_senseless_psr_is_refused(rng, psr_db):
    with pytest.raises(ValueError, match="psr_db"):
        universal(rng).scaled(psr_db)


def test_a_book_has_the_power_of_its_first_perturbation(rng):
    first, other = universal(rng), universal(rng, name="other", victims={"b": "cd"})
    book = perturbation.book([first, other.scaled(3.0)])
    assert (book.kind, book.name, len(book.rows)) == ("book", "mine+other", 2)
    assert book.psr_db == pytest.approx(first.psr_db)
    assert np.allclose(
        np.sum(np.abs(book.rows) ** 2, axis=1), 7 * 10 ** (first.psr_db / 10)
    )
    assert book.victims == first.victims | {"b": "cd"}
    assert book.recipe == {"of": [first.recipe, other.recipe]}
    assert perturbation.book([book, first]).rows.shape == (3, 7)
    with pytest.raises(
        ValueError, match="kind 'jammer' with n = 7 cannot be in a book"
    ):
        perturbation.book([first, perturbation.jammer(4, 7, 0.0)])
