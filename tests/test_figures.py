# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves of counts: what is drawn is what was counted; one look, the same file."""

import itertools
import math
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from advphy_figures import (
    attack_panels,
    bler_curves,
    direct_labels,
    eve_accuracy,
    look,
    picture_grid,
    robustness,
)
from advphy_model.measure import curves
from advphy_model.measure.burst_chain import BurstCounts
from advphy_model.measure.curve_looks import COLORS, apart
from advphy_model.measure.link_chain import Counts

STARTS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


def rows(engine="loop", link="bpsk", scale=1):
    return [
        Counts(link, engine, float(db), seed, 0, 10_000, errors // scale, 0, "abc")
        for db, errors in ((0, 2800), (4, 500), (8, 0))
        for seed in (1, 2)
    ]


def attacked(psrs_db=(-10, -6, -2), ebn0_db=8.0):
    def row(i, psr_db):
        attack = {"psr_db": float(psr_db), "attack": f"universal_pgd {i:08x}"}
        return Counts("bpsk", "loop", ebn0_db, 1, 0, 1000, 100 + i, 0, "abc", **attack)

    return [row(10 * i, psr_db) for i, psr_db in enumerate(psrs_db)]


def plotted(described):
    """Return the axes with a BLER figure in it."""
    with look.applied():
        axes = look.figure(7, 5).add_subplot()
        bler_curves.plot(axes, described)
    return axes


def line_of(axes, label):
    (line,) = [line for line in axes.lines if line.get_label() == label]
    return line


def test_seeds_add_up_and_engines_stay_apart():
    assert curves.curves(rows()) == {
        "bpsk": {0.0: (5600, 20_000), 4.0: (1000, 20_000), 8.0: (0, 20_000)}
    }
    assert list(curves.curves(rows() + rows("flowgraph"))) == [
        "bpsk, loop",
        "bpsk, flowgraph",
    ]


def test_what_is_drawn_is_what_was_counted():
    axes = plotted(bler_curves.describe(rows()))
    line = line_of(axes, "bpsk")
    assert line.get_xdata() == pytest.approx([0, 4])
    assert line.get_ydata() == pytest.approx([0.28, 0.05])
    band = axes.collections[0].get_paths()[0].vertices
    # Wilson score interval of 1000 of 20000, by its formula.
    z, n, p = 1.959964, 20_000, 0.05
    center, half = p + z * z / 2 / n, z * math.sqrt(p * (1 - p) / n + z * z / 4 / n**2)
    at_four = band[np.isclose(band[:, 0], 4)][:, 1]
    for end in ((center - half), (center + half)):
        assert np.isclose(at_four, end / (1 + z * z / n), rtol=1e-5).any()


def test_without_errors_the_upper_bound_is_an_arrow():
    described = bler_curves.describe(rows())
    (curve,) = described["curves"]
    assert curve["points"][-1] == {
        "x": 8.0,
        "failures": 0,
        "blocks": 20_000,
        "bler": 0.0,
        "low": 0.0,
        "high": pytest.approx(1 - 0.05 ** (1 / 20_000)),
    }
    axes = plotted(described)
    (arrow,) = [
        a
        for a in axes.lines
        if list(a.get_xdata()) == [8.0]
        and a.get_marker() == matplotlib.lines.CARETDOWNBASE
    ]
    assert arrow.get_ydata()[0] < curve["points"][-1]["high"]


def test_theory_is_dashed_beside_what_is_clean_alone():
    described = bler_curves.describe(rows() + attacked())
    clean, hit = described["curves"][0], described["curves"][1]
    assert hit["theory"] is None
    assert clean["theory"]["what"] == "closed form"
    # 1 - (1 - Q(sqrt 2))^4 at 0 dB
    q = math.erfc(1) / 2
    assert clean["theory"]["bler"][0] == pytest.approx(1 - (1 - q) ** 4)
    axes = plotted(described)
    dashed = [line for line in axes.lines if len(line.get_xdata()) == 101]
    assert len(dashed) == 1
    assert dashed[0].is_dashed()


def test_over_psr_where_only_that_differs():
    assert bler_curves.natural_x(rows()) == "ebn0_db"
    assert bler_curves.natural_x(attacked()) == "psr_db"
    clean = Counts("bpsk", "loop", 8.0, 1, 0, 1000, 7, 0, "abc")
    described = bler_curves.describe([*attacked(), clean])
    assert described["x"] == "psr_db"
    by_label = {curve["label"]: curve for curve in described["curves"]}
    assert [p["x"] for p in by_label["bpsk, universal_pgd"]["points"]] == [-10, -6, -2]
    assert by_label["bpsk, no attack"]["level"]["bler"] == 0.007
    line = line_of(plotted(described), "bpsk, no attack")
    assert list(line.get_ydata()) == [0.007, 0.007]
    with pytest.raises(ValueError, match="omit --x"):
        bler_curves.describe(rows(), "psr_db")


def test_missed_frames_are_crosses():
    row = BurstCounts(
        "bpsk", "burst", 4.0, 1, 0, 900, 9, 0, "abc", frames=10, missed_frames=1
    )
    described = bler_curves.describe([row])
    assert described["curves"][0]["points"][0]["missed_frames"] == 1
    crosses = [a for a in plotted(described).lines if a.get_marker() == "x"]
    assert [a.get_ydata()[0] for a in crosses] == [0.1]


def test_a_claim_is_a_star_with_words():
    axes = plotted(bler_curves.describe(rows(), claims=[(4.0, 1e-3, "a paper")]))
    (star,) = [line for line in axes.lines if line.get_marker() == "*"]
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (4.0, 1e-3)
    assert "a paper" in [text.get_text() for text in axes.texts]


@pytest.mark.parametrize("kind", look.FORMATS)
def test_the_same_counts_give_the_same_file(tmp_path, kind):
    first, second = (tmp_path / f"{name}.{kind}" for name in "ab")
    bler_curves.draw(rows(), first, "title")
    assert first.read_bytes().startswith(STARTS[kind])
    before = dict(matplotlib.rcParams)
    with matplotlib.rc_context(
        {"axes.facecolor": "red", "font.size": 20, "svg.fonttype": "path"}
    ):
        bler_curves.draw(rows(), second, "title")
        assert matplotlib.rcParams["font.size"] == 20  # the user's own stay
    assert dict(matplotlib.rcParams) == before
    assert first.read_bytes() == second.read_bytes()
    assert sorted(tmp_path.iterdir()) == [first, second]  # nothing half written


@pytest.mark.parametrize("kind", ["svg", "pdf"])
def test_files_have_no_date(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    bler_curves.draw(rows(), path)
    assert b"CreationDate" not in path.read_bytes()
    assert b"dc:date" not in path.read_bytes()


def test_svg_has_its_words_as_text(tmp_path):
    path = tmp_path / "a.svg"
    bler_curves.draw(rows() + rows(link="hamming74_ml", scale=3), path, "A <title>")
    text = path.read_text()
    for words in (
        "bpsk",
        "hamming74_ml",
        "dashed: union bound",
        "Eb/N0 [dB]",
        "A &lt;title&gt;",
    ):
        assert f">{words}</text>" in text or f">{words}</tspan>" in text


def test_what_cannot_be_drawn_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no counts"):
        bler_curves.draw([], tmp_path / "figure.png")
    with pytest.raises(ValueError, match="'doc' is not known"):
        bler_curves.draw(rows(), tmp_path / "figure.doc")
    assert list(tmp_path.iterdir()) == []


def test_curves_differ_in_gray():
    styles = [look.curve(i) for i in range(21)]
    gray = [
        (s["marker"], str(s["linestyle"]), s["markerfacecolor"] == "white")
        for s in styles
    ]
    assert len(set(gray)) == 21
    # The reader of a copy in gray has the marker, whether it is filled, and the line.
    assert len({s["marker"] for s in styles[:7]}) == len(COLORS)


def test_luminance_and_ink():
    assert look.luminance("white") == pytest.approx(1)
    assert look.luminance("#808080") == pytest.approx(0.2159, abs=1e-3)
    for color in COLORS:
        assert 1.05 / (look.luminance(look.ink(color)) + 0.05) >= 4.5
    assert look.ink("black") == (0, 0, 0)


def test_labels_are_moved_apart_as_little_as_can_be(rng):
    assert apart([1, 5], [2, 2], 0, 10) == pytest.approx([1, 5])
    assert apart([5, 5], [2, 2], 0, 10) == pytest.approx([4, 6])
    assert apart([9.9, 10], [2, 2], 0, 10) == pytest.approx([7, 9])
    # Without room for all they begin at the lower end.
    assert apart([1, 2], [6, 6], 0, 10) == pytest.approx([3, 9])
    for _ in range(200):
        wanted, sizes = rng.uniform(0, 10, 6), rng.uniform(0.2, 1.5, 6)
        places = apart(wanted, sizes, 0, 10)
        order = np.argsort(wanted)
        ends = places + sizes / 2
        assert np.all(ends[order][:-1] <= (places - sizes / 2)[order][1:] + 1e-9)
        assert (places - sizes / 2).min() >= -1e-9
        assert ends.max() <= 10 + 1e-9


def labeled(x_of, names):
    with look.applied():
        axes = look.figure(8, 5).add_subplot()
        lines = []
        for i, (name, x) in enumerate(zip(names, x_of, strict=True)):
            lines += [(name, line) for line in axes.plot([0, x], [1, i])]
        return axes, direct_labels.label(axes, lines)


def test_labels_are_at_the_ends_or_in_a_legend():
    axes, where = labeled([4, 4, 4], ["one", "two", "three"])
    assert where == "ends"
    assert axes.get_legend() is None
    axes.figure.draw_without_rendering()
    boxes = [matplotlib.text.Text.get_window_extent(text) for text in axes.texts]
    assert len(boxes) == 3
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    assert labeled([4, 2], ["one", "ends early"])[1] == "legend"
    axes, where = labeled([4] * 40, [f"number {i}" for i in range(40)])
    assert where == "legend"
    assert not axes.texts
    axes.figure.draw_without_rendering()
    legend = axes.get_legend().get_window_extent()
    assert legend.y1 < axes.xaxis.get_tightbbox().y0
    assert legend.y0 >= 0
    assert axes.get_window_extent().height > 2 * axes.figure.dpi


@pytest.mark.parametrize("kind", look.FORMATS)
def test_the_figures_of_reports_have_all_formats(tmp_path, kind, rng):
    points = {0.0: (5, 10), 10.0: (9, 10)}
    many = {"one": points, "two": {0.0: (3, 100), 10.0: (0, 100)}}
    path = tmp_path / f"a.{kind}"
    found = SimpleNamespace(added_up=lambda *_: points, spread=lambda *_: {})
    one = SimpleNamespace(link="a", key="a", label="one", title="a")
    figure = SimpleNamespace(TITLE="t", SYSTEMS=[one], ATTACKS=[one])
    for draw in (
        lambda: robustness.draw(many, path, "PSR [dB]", "t", [("bound", {0: 0.1})]),
        lambda: eve_accuracy.draw(many, 0.1, path, "t"),
        lambda: picture_grid.draw({"Bob": rng.random((3, 784))}, (28, 28), path, "t"),
        lambda: attack_panels.draw(found, figure, path, "n", [("c", "holds")]),
    ):
        draw()
        assert path.read_bytes().startswith(STARTS[kind])


def test_pictures_lie_within_their_figure_and_in_its_rows(monkeypatch, rng):
    kept = []
    monkeypatch.setattr(look, "save", lambda figure, path: kept.append(figure))
    rows = {name: rng.random((5, 12)) for name in ("sent", "received")}
    picture_grid.draw(rows, (3, 4), None, "title")
    places = np.array([axes.get_position().extents for axes in kept[0].axes])
    assert (places >= 0).all()
    assert (places <= 1).all()
    assert (places[:5, 1] > places[5:, 3]).all()  # the first row is above the second
    assert (np.diff(places[:5, 0]) > 0).all()
