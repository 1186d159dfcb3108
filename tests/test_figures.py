# SPDX-License-Identifier: GPL-3.0-or-later
"""BLER curves: what is drawn is what was counted."""

import pytest
from advphy_figures import bler_curves
from advphy_model import counts
from advphy_model.counts import Counts


def rows(engine="loop"):
    return [
        Counts("bpsk", engine, float(db), seed, 0, 10_000, errors, 0, "abc")
        for db, errors in ((0, 2800), (4, 500), (8, 0))
        for seed in (1, 2)
    ]


def test_seeds_add_up_and_engines_stay_apart():
    assert counts.curves(rows()) == {
        "bpsk": {0.0: (5600, 20_000), 4.0: (1000, 20_000), 8.0: (0, 20_000)}
    }
    assert list(counts.curves(rows() + rows("flowgraph"))) == [
        "bpsk, loop",
        "bpsk, flowgraph",
    ]


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_a_figure_is_written_in_each_format(tmp_path, kind):
    path = tmp_path / f"figure.{kind}"
    bler_curves.draw(rows(), path, "title")
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    assert path.read_bytes().startswith(starts[kind])


def test_what_cannot_be_drawn_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no counts"):
        bler_curves.draw([], tmp_path / "figure.png")
    with pytest.raises(ValueError, match="'doc' is not known"):
        bler_curves.draw(rows(), tmp_path / "figure.doc")
    assert list(tmp_path.iterdir()) == []
