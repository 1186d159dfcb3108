# SPDX-License-Identifier: GPL-3.0-or-later
"""Reproducing a paper's figures: what is measured, drawn and judged."""

import dataclasses
import math

import pytest
from advphy_figures import attack_panels
from advphy_model.link import links
from advphy_model.link.link_model import LinkModel
from advphy_model.measure import table
from advphy_model.measure.link_chain import Counts
from advphy_training import claims_page, loop, paper_figures, retraining, schemes
from advphy_training.curve_points import next_ebn0_db
from advphy_training.paper_figures import Attack, Claim, Comparison, System
from advphy_training.reproduced import Reproduced
from advphy_training.verdicts import FAILS, HOLDS, OPEN, compare, verdict

from .test_commands import advphy

FIGURES = ["gan-fig3", "gan-fig5a", "gan-fig5b", "gan-fig6a", "gan-fig6b"]
TINY = ("--ebn0-db", "2,6,8", "--min-errors", 20, "--max-blocks", 70_000)


def judged(a, b, **options):
    """Compare two curves of (failures, blocks) at 8 dB, or those given."""
    a, b = (x if isinstance(x, dict) else {8.0: x} for x in (a, b))
    curves = {("a", "clean"): a, ("b", "pgd"): b}
    return compare(Comparison("c", ("a", "clean"), ("b", "pgd"), **options), curves)


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
    assert judged(a, b, margin=margin).state == state


def falling(shift_db, errors=400):
    """Return a curve with BLER 10^-(Eb/N0 - shift), so 1e-3 at 3 dB + shift."""
    return {
        float(db): (errors, round(errors * 10 ** (db - shift_db)))
        for db in range(1, 8)
        if db >= shift_db
    }


@pytest.mark.parametrize(
    ("a", "b", "margin", "state"),
    [
        (falling(0), falling(1), 0.0, HOLDS),
        (falling(1), falling(0), 0.0, FAILS),
        (falling(1), falling(0), 2.0, HOLDS),
        (falling(0), falling(0), 0.0, OPEN),
        (falling(0), {1.0: (400, 4000), 8.0: (400, 5000)}, 0.0, HOLDS),
        ({1.0: (400, 4000), 8.0: (400, 5000)}, falling(0), 0.0, FAILS),
        ({}, {}, 0.0, OPEN),
    ],
)
def test_ebn0_for_a_bler_is_compared_with_its_interval(a, b, margin, state):
    assert judged(a, b, bler=1e-3, margin=margin).state == state


def test_a_comparison_at_several_ebn0_must_come_out_the_same_at_each():
    a = {7.0: (100, 100_000), 8.0: (100, 100_000)}
    b = {7.0: (400, 100_000), 8.0: (400, 100_000)}
    assert judged(a, b, ebn0s_db=(7.0, 8.0)).state == HOLDS
    assert judged(a, {**b, 8.0: (10, 100_000)}, ebn0s_db=(7.0, 8.0)).state == OPEN
    assert judged(a, b, ebn0s_db=(7.0, 9.0)).state == OPEN


def test_the_ebn0_needed_is_interpolated():
    assert "3.00 dB" in judged(falling(0), falling(1), bler=1e-3).numbers
    assert "4.00 dB" in judged(falling(0), falling(1), bler=1e-3).numbers


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ({"fgm": HOLDS, "pgd": HOLDS}, "reproduced"),
        ({"fgm": FAILS, "pgd": FAILS}, "not reproduced"),
        ({"fgm": HOLDS, "pgd": FAILS}, "only with: fgm"),
        ({"fgm": HOLDS, "pgd": OPEN}, "reproduced, but not decided with: pgd"),
        ({"fgm": FAILS, "pgd": OPEN}, "not reproduced; not decided with: pgd"),
        ({"fgm": OPEN}, "not decided"),
    ],
)
def test_a_verdict_says_under_what_a_claim_holds(states, expected):
    outcomes = [
        dataclasses.replace(judged((1, 10), (1, 10)), condition=name, state=state)
        for name, state in states.items()
    ]
    assert verdict(outcomes) == expected


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
                Comparison("no attack", ("good", "clean"), ("bad", "clean")),
                Comparison("PGD", ("good", "pgd"), ("bad", "pgd")),
            ),
        ),
    )


def planted(*errors_of_seeds):
    """Return what was measured: of each seed, errors {(link, key): errors}."""
    found = Reproduced(len(errors_of_seeds))
    for seed, errors in enumerate(errors_of_seeds):
        for (link, key), failures in errors.items():
            row = Counts(
                f"{link}_seed{seed}",
                "loop",
                8.0,
                1,
                0,
                100_000,
                failures,
                0,
                "abc",
                psr_db=None if key == "clean" else -6.0,
                attack="none" if key == "clean" else key,
            )
            found.counts[seed, link, key] = {8.0: (row,)}
    return found


HELD = {
    ("good", "clean"): 10,
    ("bad", "clean"): 90,
    ("good", "pgd"): 100,
    ("bad", "pgd"): 900,
}
TURNED = {**HELD, ("good", "pgd"): 900, ("bad", "pgd"): 100}


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
    text = claims_page.section("gan-fig0", Planted, planted(*seeds), ["advphy"])
    (line,) = [
        line
        for line in text.splitlines()
        if line.startswith("| the good one ") and "'better'" in line
    ]
    assert line.endswith(f"{expected} |")
    assert "1.00e-03 (" in line


def test_seeds_add_up_and_a_baseline_shared_by_them_counts_once():
    found = planted(HELD, TURNED)
    assert found.added_up("good", "pgd") == {8.0: (1000, 200_000)}
    assert found.spread("good", "pgd") == {8.0: (0.001, 0.009)}
    found.counts[1, "good", "pgd"] = found.counts[0, "good", "pgd"]
    assert found.added_up("good", "pgd") == {8.0: (100, 100_000)}


def test_a_page_keeps_the_sections_of_other_figures(tmp_path):
    page = tmp_path / "claims.md"
    for name, text in (
        ("gan-fig3", "old"),
        ("gan-fig5a", "other"),
        ("gan-fig3", "new"),
    ):
        claims_page.write(page, name, text)
    assert "old" not in page.read_text()
    assert page.read_text().index("new") < page.read_text().index("other")


def test_no_cell_of_the_page_breaks_its_table():
    text = claims_page.section("gan-fig0", Planted, planted(HELD), ["advphy"])
    for line in text.splitlines():
        if line.startswith("| "):
            assert line.replace("\\|", "").count("|") in (3, 5)


def test_a_curve_ends_where_its_bler_is_low_enough():
    def bler(db):  # a parabola in log BLER falls to 1e-5 at 5.45 dB
        return math.exp(-math.log(1e5) * (db / 5.45) ** 2)

    grid, measured = range(12), {}
    while (db := next_ebn0_db(measured, grid, 1e-5)) is not None:
        measured[db] = bler(db)
    assert list(measured) == [0, 1, 2, 3, 4, 5, 5.5]
    assert next_ebn0_db(dict.fromkeys(grid, 0.1), grid, 1e-5) is None


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_says_what_it_needs(name):
    figure = paper_figures.figure(name)
    keys = {"clean", *(attack.key for attack in figure.ATTACKS)}
    systems = {system.link for system in figure.SYSTEMS}
    for claim in figure.CLAIMS:
        for comparison in claim.comparisons:
            for link, key in (comparison.better, comparison.worse):
                assert (link in systems, key in keys) == (True, True), comparison
    assert len({attack.key for attack in figure.ATTACKS}) == len(figure.ATTACKS)


def test_an_unknown_figure_is_refused_in_one_sentence(tmp_path):
    found = advphy("reproduce", "gan-fig9", "--quick", "--out", tmp_path)
    assert (found.returncode, found.stderr.count("\n")) == (2, 1)
    assert "'gan-fig9' is not known; there is arn-fig3" in found.stderr


def test_quick_writes_picture_counts_and_claims_and_resumes(tmp_path):
    words = ("reproduce", "gan-fig3", "--quick", *TINY, "--out", tmp_path)
    found = advphy(*words)
    assert found.returncode == 0, found.stderr
    assert (tmp_path / "gan-fig3.png").read_bytes().startswith(b"\x89PNG")
    rows = table.read(tmp_path / "gan-fig3.csv", Counts)
    assert {row.link for row in rows} == {
        "autoencoder_mlp_8p5db",
        "hamming74_hard",
        "hamming74_ml",
    }
    assert {row.psr_db and round(row.psr_db, 3) for row in rows} == {None, -6.0}
    page = (tmp_path / "claims.md").read_text()
    for claim in paper_figures.figure("gan-fig3").CLAIMS:
        assert f"| {claim.text} |" in page
    assert advphy(*words).returncode == 0
    assert table.read(tmp_path / "gan-fig3.csv", Counts) == rows


@pytest.mark.slow
def test_the_full_way_trains_each_link_again_and_judges_each_seed(tmp_path):
    words = ("reproduce", "gan-fig3", "--seeds", 2, "--set", "steps=20", *TINY)
    words = (*words, "--ebn0-db", 8)
    found = advphy(*words, "--out", tmp_path)
    assert found.returncode == 0, found.stderr
    trained = sorted((tmp_path / "trained").glob("*.safetensors"))
    models = [LinkModel.read(path) for path in trained]
    assert [m.name for m in models] == [
        "autoencoder_mlp_8p5db_seed1",
        "autoencoder_mlp_8p5db_seed2",
    ]
    shipped = links.load("autoencoder_mlp_8p5db").recipe
    assert [m.recipe["seed"] for m in models] == [
        shipped["seed"] + 10,
        shipped["seed"] + 20,
    ]
    # Shipped links were trained before there were channels but noise.
    changed = {"channel": "awgn", **shipped["settings"], "steps": 20}
    assert all(m.recipe["settings"] == changed for m in models)
    rows = table.read(tmp_path / "gan-fig3.csv", Counts)
    assert {m.name for m in models} < {row.link for row in rows}
    assert " / " in (tmp_path / "claims.md").read_text()
    other = advphy(*words, "--set", "steps=10", "--out", tmp_path)
    assert other.returncode == 2
    assert "a training with other settings" in other.stderr


@pytest.fixture
def defended(tmp_path, monkeypatch):
    """Give a short adversarial training under the name "defended"."""
    module = schemes.scheme("adversarial_training")
    loop.train(
        "adversarial_training",
        module.Settings(steps=5, batch=64),
        3,
        tmp_path / "defended.safetensors",
        quiet=True,
    )
    model, load = LinkModel.read(tmp_path / "defended.safetensors"), links.load
    monkeypatch.setattr(
        retraining.links,
        "load",
        lambda name: model if name == "defended" else load(name),
    )
    return model


def test_a_defence_starts_from_the_link_trained_with_its_seed(defended, tmp_path):
    folder = tmp_path / "trained"
    jobs = retraining.jobs(["defended"], 2, folder, ["steps=5", "batch=64"])
    assert [job.name for job in jobs] == [
        "autoencoder_mlp_8p5db_seed1",
        "defended_seed1",
        "autoencoder_mlp_8p5db_seed2",
        "defended_seed2",
    ]
    assert list(retraining.train(jobs[:2]))[-1] == (2, 2)
    start, trained = (LinkModel.read(job.path) for job in jobs[:2])
    assert trained.recipe["started_from"] == {start.name: start.sha256}
    assert trained.recipe["seed"] == 13
    before = jobs[0].path.stat().st_mtime_ns
    assert list(retraining.train(jobs[:2])) == []
    assert jobs[0].path.stat().st_mtime_ns == before


def test_panels_are_drawn_with_seeds_and_without(tmp_path):
    curve = attack_panels.DrawnCurve("one", False, {0.0: (500, 1000)}, {})
    clean = attack_panels.DrawnCurve("one", True, {0.0: (9, 99)}, {0.0: (0.1, 0.2)})
    for count in (1, 3, 4, 5):
        path = tmp_path / f"{count}.png"
        attack_panels.draw([("a", [curve, clean])] * count, path, "title")
        assert path.read_bytes().startswith(b"\x89PNG")
