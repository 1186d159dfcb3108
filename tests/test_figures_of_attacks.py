# SPDX-License-Identifier: GPL-3.0-or-later
"""Perturbations in signal space, transfer matrices, semantic counts."""

import dataclasses
import json
import math

import numpy as np
import pytest
from advphy_figures import (
    constellation,
    decision_slice,
    look,
    semantic_curves,
    signal_space,
    transfer_matrix,
)
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links
from advphy_model.measure.link_chain import Counts
from advphy_model.measure.semantic_counts import SemanticCounts

from .test_figures_of_links import jammer, pushing


def test_the_picture_of_a_perturbation_has_its_parts(tmp_path, monkeypatch):
    model = links.load("two_simplices")
    p = pushing(model, 3, 12, 0.5)
    described = signal_space.describe(p, model, 8.0)
    top = described["pairs"][0]
    assert (top["sent"], top["decided"]) == (3, 12)
    assert top["closed"] == pytest.approx(0.5, abs=1e-5)
    # half of the half distance is left: Q(d / 4 / sigma)
    sigma = math.sqrt(1 / (2 * 4 / 7 * 10**0.8))
    q = math.erfc(top["distance"] / 4 / sigma / math.sqrt(2)) / 2
    assert top["pair_error_rate"] == pytest.approx(q, rel=1e-4)
    kept = []
    monkeypatch.setattr(look, "save", lambda figure, path: kept.append(figure))
    signal_space.draw_described(described, tmp_path / "a.png")
    tips = [
        arrow.xy
        for axes in kept[0].axes[:7]
        for arrow in axes.texts
        if not arrow.get_text()
    ]
    assert np.allclose(np.array(tips) @ [1, 1j], p.rows[0])
    bars = [bar.get_width() for bar in kept[0].axes[7].patches]
    assert bars == pytest.approx([pair["closed"] for pair in described["pairs"][:12]])
    with pytest.raises(ValueError, match="no direction"):
        signal_space.describe(jammer(7), model, 8.0)


def cell(link, errors, attack="none", psr_db=None, **settings):
    settings |= {"psr_db": psr_db, "attack": attack}
    return Counts(link, "loop", 8.0, 1, 0, 1000, errors, 0, link, **settings)


def test_the_transfer_matrix_has_what_was_counted(tmp_path, monkeypatch):
    model = links.load("two_simplices")
    row = model.codebook[1] - model.codebook[0]
    p = Perturbation("pgd", "universal", 4, 7, [row], victims={"a": "hash"})
    label = f"pgd {p.sha256[:8]}"
    rows = [
        cell("a", 500, label, -6.0),
        cell("b", 20, label, -6.0),
        cell("a", 7, "pgd 00000000", -6.0),
        cell("b", 0),
    ]
    described = transfer_matrix.describe(rows, [p])
    assert described["crafted_against"] == ["a", "pgd 00000000", "no attack"]
    kept = []
    monkeypatch.setattr(look, "save", lambda figure, path: kept.append(figure))
    transfer_matrix.draw_described(described, tmp_path / "a.png")
    axes = kept[0].axes[0]
    table = np.ma.filled(axes.images[0].get_array(), np.nan)
    bound = 1 - 0.05 ** (1 / 1000)
    wanted = [[0.5, 0.02], [0.007, np.nan], [np.nan, bound]]
    assert np.allclose(table, wanted, equal_nan=True)
    texts = [text.get_text() for text in axes.texts]
    assert {"5.00e-01", "2.00e-02", "7.00e-03", f"< {bound:.1e}"} <= set(texts)
    corners = [patch.get_xy() for patch in axes.patches]
    assert corners == [(-0.48, -0.48)]  # around the link that p was crafted against


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([cell("a", 1)], "no row has an attack"),
        ([cell("a", 1, "p 1", -6.0), cell("a", 1, "p 1", -3.0)], "--psr-db"),
        (
            [cell("a", 1, "p 1", -6.0), cell("b", 1, "p 1", -6.0, canceller="c")],
            "several canceller",
        ),
    ],
)
def test_transfer_matrices_that_would_mix_are_refused(rows, text):
    with pytest.raises(ValueError, match=text):
        transfer_matrix.describe(rows)


def images(branch, snr_db, **sums):
    values = {"squared_error": 0.0, "correct": 0, "squared_error_squares": 0.0} | sums
    eve = {"eve": "eve_x", "eve_sha256": "e"} if branch == "eve" else {}
    values |= {"frames": 100, "pixels": 10, "reals": 4, "erasures": 0}
    values |= {"signal_energy": 1.0, "perturbation_energy": 0.0}
    values |= {"transmit_energy": 1.0, "model_sha256": "m"} | eve
    at = ("arn", "loop", "mnist", branch, "learned", float(snr_db), 1, 0)
    return SemanticCounts(*at, **values)


def test_semantic_counts_give_error_accuracy_and_frontier(tmp_path):
    rows = [
        images("bob", 0, squared_error=50.0, squared_error_squares=25.0),
        images("bob", 10, squared_error=20.0, squared_error_squares=4.0),
        images("eve", 0, correct=30),
        images("eve", 10, correct=60),
    ]
    described = semantic_curves.describe(rows)
    assert [p["mse"] for p in described["mse"][0]["points"]] == [0.05, 0.02]
    assert [p["accuracy"] for p in described["accuracy"][0]["points"]] == [0.3, 0.6]
    # every frame has the same error: no spread
    assert described["mse"][0]["points"][0]["low"] == pytest.approx(0.05)
    frontier = semantic_curves.describe_frontier(rows)
    points = frontier["curves"][0]["points"]
    assert [(p["bob"]["mse"], p["eve"]["accuracy"]) for p in points] == [
        (0.05, 0.3),
        (0.02, 0.6),
    ]
    for draw, what in (
        (semantic_curves.draw_described, described),
        (semantic_curves.draw_frontier, frontier),
    ):
        draw(what, tmp_path / "a.svg", "t")
        assert "arn (learned pair)" in (tmp_path / "a.svg").read_text()
    with pytest.raises(ValueError, match="Bob and of Eve"):
        semantic_curves.describe_frontier(rows[:2])
    rows[0] = dataclasses.replace(rows[0], erasures=rows[0].frames)  # no image arrived
    frontier = semantic_curves.describe_frontier(rows)
    assert [p["bob"]["mse"] for p in frontier["curves"][0]["points"]] == [0.02]


def test_all_numbers_are_json():
    model = links.load("two_simplices")
    p = pushing(model, 3, 12)
    for described in (
        constellation.describe([model]),
        decision_slice.describe(model, 8.0, p),
        signal_space.describe(p, model, 8.0),
        transfer_matrix.describe([cell("a", 0, "p 1", -6.0)]),
    ):
        assert json.loads(json.dumps(described, allow_nan=False)) == described
