# SPDX-License-Identifier: GPL-3.0-or-later
"""Constellations, decision regions, slices of the received space."""

import math

import numpy as np
import pytest
from advphy_figures import (
    constellation,
    decision_regions,
    decision_slice,
    look,
)
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import codebook_geometry, links
from advphy_model.link.link_model import LinkModel

QPSK = np.exp(1j * np.pi / 4 * np.array([1, 3, 7, 5]))[:, None]


def qpsk():
    return LinkModel("qpsk", 2, 1, QPSK, "nearest_codeword")


def antipodal():
    return LinkModel("antipodal", 1, 2, [[1, 1], [-1, -1]], "nearest_codeword")


def pushing(model, s, t, share=0.5):
    """Return p that goes this share of the way from x_s to the border of x_t."""
    row = share / 2 * (model.codebook[t] - model.codebook[s])
    return Perturbation("pair", "universal", model.k, model.n, [row])


def jammer(n):
    return Perturbation("noise", "jammer", 4, n, np.ones((1, n)))


def test_distances_of_known_codes():
    # Hamming (7,4): 7 words of weight 3, 7 of 4, 1 of 7; BPSK distance 2 sqrt(weight).
    spectrum = codebook_geometry.spectrum(links.load("hamming74_ml").codebook)
    assert [d for d, _ in spectrum] == pytest.approx(
        [2 * math.sqrt(w) for w in (3, 4, 7)]
    )
    assert [count for _, count in spectrum] == [56, 56, 8]
    assert codebook_geometry.closest(QPSK, 3) == [0, 1, 2]


def test_closings_are_shares_of_the_half_distance():
    model = qpsk()
    p = pushing(model, 0, 1, 0.5)
    found = {
        (s, t): share
        for s, t, share in codebook_geometry.closings(model.codebook, p.rows)
    }
    assert found[0, 1] == pytest.approx(0.5)
    assert found[1, 0] == pytest.approx(-0.5)
    assert found[0, 2] == pytest.approx(0, abs=1e-6)
    # from 0 to 3 it is the diagonal: 2 <p, d> / |d|^2 with |d| = 2, p along one side
    assert found[0, 3] == pytest.approx(0.25)
    assert len(found) == 12


def test_the_plane_holds_its_three_points():
    book = links.load("autoencoder_mlp").codebook.astype(complex)
    plane = codebook_geometry.plane(book[2], book[5] - book[2], book[9] - book[2])
    at = plane.project(book[[2, 5, 9]])
    assert plane.height(book[[2, 5, 9]]) == pytest.approx(np.zeros(3), abs=1e-6)
    assert np.abs(plane.points(at[:, 0], at[:, 1]) - book[[2, 5, 9]]).max() < 1e-6
    apart = codebook_geometry.distances(book)
    assert np.hypot(*(at[1] - at[2])) == pytest.approx(apart[5, 9])
    with pytest.raises(ValueError, match="are equal"):
        codebook_geometry.spans(np.zeros(3), np.ones(3))


@pytest.mark.parametrize("name", ["two_simplices", "hamming74_ml", "max_margin"])
def test_decision_regions_are_those_of_the_nearest_codeword(name):
    """Another way to the nearest: from the coordinates and heights, not from C^n."""
    model = links.load(name)
    described = decision_slice.describe(model, 8.0)
    words = described["codewords"]
    u, v = np.array(described["u"]), np.array(described["v"])
    apart = [
        (u - w["u"])[None] ** 2 + (v - w["v"])[:, None] ** 2 + w["off"] ** 2
        for w in words
    ]
    apart = np.array(apart)
    nearest, runner_up = np.sort(apart, axis=0)[:2]
    sure = runner_up - nearest > 1e-4
    assert sure.mean() > 0.98
    assert np.array_equal(
        np.array(described["decided"])[sure], apart.argmin(axis=0)[sure]
    )


def test_the_picture_has_what_was_decided(tmp_path, monkeypatch):
    described = decision_slice.describe(links.load("autoencoder_mlp"), 8.0)
    kept = []
    monkeypatch.setattr(look, "save", lambda figure, path: kept.append(figure))
    decision_regions.draw_described(described, tmp_path / "a.png")
    (image,) = kept[0].axes[0].images
    decided = np.array(described["decided"])
    shown = np.asarray(image.get_array())
    for s in np.unique(decided):  # regions are few here: one color each
        assert len(np.unique(shown[decided == s])) == 1
    assert len(np.unique(shown)) == len(np.unique(decided))
    left, right, bottom, top = image.get_extent()
    assert left < described["u"][0] < described["u"][-1] < right
    assert bottom < described["v"][0] < described["v"][-1] < top
    assert image.origin == "lower"


def test_the_arrow_is_that_of_p_from_the_message_that_was_sent(tmp_path, monkeypatch):
    model, kept = links.load("two_simplices"), []
    described = decision_slice.describe(model, 8.0, pushing(model, 3, 12))
    monkeypatch.setattr(look, "save", lambda figure, path: kept.append(figure))
    decision_regions.draw_described(described, tmp_path / "a.png")
    (arrow,) = [each for each in kept[0].axes[0].texts if not each.get_text()]
    sent, p = described["codewords"][3], described["perturbation"]
    assert described["messages"][0] == 3
    assert arrow.xyann == pytest.approx((sent["u"], sent["v"]))
    assert arrow.xy == pytest.approx((sent["u"] + p["u"], sent["v"] + p["v"]))


def test_many_regions_have_other_colors_than_their_neighbors():
    model = links.load("autoencoder_mlp_n4_k8")
    decided = np.array(decision_slice.describe(model, 8.0)["decided"])
    assert len(np.unique(decided)) > 7
    shown = decision_regions.regions_colored(decided)[decided]
    for a, b in ((decided[:, 1:], decided[:, :-1]), (decided[1:], decided[:-1])):
        c, d = (
            (shown[:, 1:], shown[:, :-1])
            if a.shape[1] < decided.shape[1]
            else (shown[1:], shown[:-1])
        )
        assert np.array_equal(a != b, c != d)


def test_with_n_one_the_slice_is_the_received_space():
    described = decision_slice.describe(qpsk(), 4.0)
    u, v = np.meshgrid(described["u"], described["v"])
    quadrant = np.where(v > 0, np.where(u > 0, 0, 1), np.where(u > 0, 2, 3))
    clear = (np.abs(u) > 1e-6) & (np.abs(v) > 1e-6)
    assert np.array_equal(np.array(described["decided"])[clear], quadrant[clear])
    # sigma^2 = 1 / (2 R Eb/N0), R = 2
    assert described["sigma"] == pytest.approx(math.sqrt(1 / (4 * 10**0.4)))


def test_codewords_on_a_line_still_have_a_plane(tmp_path):
    described = decision_slice.describe(antipodal(), 4.0)
    assert (described["messages"], described["third"]) == ([0, 1], "j")
    assert sorted(np.unique(described["decided"])) == [0, 1]
    decision_regions.draw_described(described, tmp_path / "a.svg")
    assert "C^2" in (tmp_path / "a.svg").read_text()


def test_p_lies_in_the_slice_and_points_at_the_border(tmp_path):
    model = links.load("two_simplices")
    p = pushing(model, 3, 12, 0.5)
    described = decision_slice.describe(model, 8.0, p)
    found = described["perturbation"]
    assert described["messages"][:2] == [3, 12]
    assert found["share"] == pytest.approx(1, abs=1e-5)
    apart = codebook_geometry.distances(model.codebook)[3, 12]
    assert (found["u"], found["v"]) == pytest.approx((apart / 4, 0), abs=1e-5)
    oblique = Perturbation("p", "universal", 4, 7, [p.rows[0] + 0.1 * np.arange(7)])
    described = decision_slice.describe(model, 8.0, oblique)
    assert described["third"] == "p"
    assert described["perturbation"]["share"] == pytest.approx(1, abs=1e-5)
    decision_regions.draw_described(described, tmp_path / "a.png")
    there = decision_slice.describe(model, 8.0, oblique, [1, 2, 4])["perturbation"]
    assert 0 <= there["share"] < 1


@pytest.mark.parametrize(
    ("p", "codewords", "text"),
    [
        (None, [1], "must be two or three"),
        (None, [1, 1], "must be two or three"),
        (None, [1, 16], "0..15"),
        (pushing(qpsk(), 0, 1), None, "n = 1"),
        (jammer(7), None, "no direction"),
    ],
)
def test_slices_that_cannot_be_are_refused(p, codewords, text):
    with pytest.raises(ValueError, match=text):
        decision_slice.describe(links.load("two_simplices"), 8.0, p, codewords)


def test_equal_codewords_are_refused():
    model = LinkModel("twins", 1, 1, [[1], [1]], "nearest_codeword")
    described = decision_slice.describe(model, 4.0)  # the plane is that of n = 1
    assert np.unique(described["decided"]).tolist() == [0]
    model = LinkModel("twins", 1, 2, [[1, 1], [1, 1]], "nearest_codeword")
    with pytest.raises(ValueError, match="are equal"):
        decision_slice.describe(model, 4.0)


def test_a_constellation_has_each_codeword_and_distance(tmp_path, monkeypatch):
    models = [links.load("bpsk"), links.load("autoencoder_mlp_n4_k4")]
    described = constellation.describe(models)
    kept = []
    monkeypatch.setattr(look, "save", lambda figure, path: kept.append(figure))
    constellation.draw_described(described, tmp_path / "a.png")
    axes = kept[0].axes
    assert len(axes) == 10
    for row, model in enumerate(models):
        for use in range(4):
            (dots,) = [
                line for line in axes[5 * row + use].lines if line.get_marker() == "o"
            ]
            x = model.codebook[:, use]
            assert np.allclose(dots.get_xdata() + 1j * dots.get_ydata(), x)
            words = " ".join(t.get_text() for t in axes[5 * row + use].texts)
            assert sorted(map(int, words.split())) == list(range(16))
    assert described["links"][0]["minimum_distance"] == pytest.approx(2)
    pairs = described["links"][0]["distances"]
    # 4 bits: 8 * C(4, w) pairs differ in w bits
    assert [pair["pairs"] for pair in pairs] == [32, 48, 32, 8]
    wide = LinkModel("wide", 1, 17, [[1] * 17, [-1] * 17], "nearest_codeword")
    with pytest.raises(ValueError, match="room for 16"):
        constellation.describe([wide])


def test_points_at_one_place_share_a_number():
    points = np.array([[0, 0], [1, 1], [0.001, 0]])
    assert constellation.together(points, 0.01) == [[0, 2], [1]]
