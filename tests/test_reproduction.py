# SPDX-License-Identifier: GPL-3.0-or-later
"""Reproducing a paper's figures: what is trained, measured and drawn."""

import dataclasses
import math
from types import SimpleNamespace

import pytest
from advphy_commands import _options, _parser, reproduce
from advphy_figures import attack_panels, eve_accuracy, picture_grid, secrecy
from advphy_model.link import links
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.link_model import LinkModel
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure import table
from advphy_model.measure.error_rate import Estimate
from advphy_model.measure.link_chain import Counts
from advphy_training import schemes
from advphy_training.reproduce import arn_models, figures, retraining
from advphy_training.reproduce.arn_curves import Measured
from advphy_training.reproduce.block_errors import next_ebn0_db

from . import short_trainings
from .commands import done, refused

PLAIN = "autoencoder_mlp_8p5db"
TINY = "--ebn0-db 2,6,8 --min-errors 20 --max-blocks 70000"


def test_a_curve_ends_where_its_bler_is_low_enough():
    def bler(db):  # a parabola in log BLER falls to 1e-5 at 5.45 dB
        return math.exp(-math.log(1e5) * (db / 5.45) ** 2)

    grid, measured = range(12), {}
    while (db := next_ebn0_db(measured, grid, 1e-5)) is not None:
        measured[db] = bler(db)
    assert list(measured) == [0, 1, 2, 3, 4, 5, 5.5]
    assert next_ebn0_db(dict.fromkeys(grid, 0.1), grid, 1e-5) is None


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", (23, 200, 400_000_000, 1e-6, 32, 100)),
        ("--quick", (12, 200, 40_000_000, 1e-5, 8, 30)),
        ("--down-to 1e-3 --ebn0-db 4,2", (2, 200, 400_000, 1e-3, 32, 100)),
    ],
)
def test_the_effort_is_that_of_the_help(more, expected):
    parser = _parser.parser("reproduce")
    given = parser.parse_args(f"reproduce gan-fig3 --out . {more}".split())
    grid, *rest = dataclasses.astuple(
        reproduce._effort(_options.parsed(reproduce.Settings, given))
    )
    assert (len(grid), *rest[:-1]) == expected
    assert list(grid) == sorted(grid)


def test_an_unknown_figure_is_refused_in_one_sentence(here):
    said = refused("reproduce gan-fig9 --quick --out .")
    assert "'gan-fig9' is not known; choose from arn-fig3" in said


def test_quick_writes_picture_counts_and_claims_and_resumes(here, monkeypatch):
    short_trainings.judge_little(monkeypatch)
    figure = figures.figure("gan-fig3")
    done(f"reproduce gan-fig3 --quick {TINY} --out .")
    assert (here / "gan-fig3.png").read_bytes().startswith(b"\x89PNG")
    rows = table.read("gan-fig3.csv", Counts)
    assert {row.link for row in rows} == {system.link for system in figure.SYSTEMS}
    assert {row.psr_db and round(row.psr_db, 3) for row in rows} == {None, -6.0}
    page = (here / "claims.md").read_text()
    for claim in figure.CLAIMS:
        assert f"| {claim.text} |" in page
    monkeypatch.setattr(figures, "names", lambda: ["gan-fig3"])
    said = done(f"reproduce all --quick {TINY} --out .")
    assert table.read("gan-fig3.csv", Counts) == rows
    page = (here / "claims.md").read_text()
    first, _, rest = page.partition("# gan-fig3")
    for claim in figure.CLAIMS:
        assert f"| gan-fig3 | {claim.text} |" in first
        assert f"gan-fig3: {claim.text}: " in said
        assert f"| {claim.text} |" in rest


@pytest.mark.slow
def test_the_full_way_trains_each_link_again_and_judges_each_seed(tmp_path):
    words = f"reproduce gan-fig3 --seeds 2 --set steps=20 {TINY} --ebn0-db 8"
    done(words, "--out", tmp_path)
    trained = sorted((tmp_path / "trained").glob("*.safetensors"))
    models = [LinkModel.read(path) for path in trained]
    assert [m.name for m in models] == [f"{PLAIN}_seed1", f"{PLAIN}_seed2"]
    shipped = links.load(PLAIN).recipe
    assert [m.recipe["seed"] - shipped["seed"] for m in models] == [10, 20]
    # Shipped links were trained before there were channels but noise.
    changed = {"channel": "awgn", **shipped["settings"], "steps": 20}
    assert all(m.recipe["settings"] == changed for m in models)
    rows = table.read(tmp_path / "gan-fig3.csv", Counts)
    assert {m.name for m in models} < {row.link for row in rows}
    assert " / " in (tmp_path / "claims.md").read_text()
    said = refused(words, "--set steps=10 --out", tmp_path)
    assert "a training with other settings" in said


def test_a_defense_starts_from_the_link_trained_with_its_seed(tmp_path, monkeypatch):
    given = short_trainings.settings("adversarial_training", "steps=5", "batch=64")
    path = tmp_path / "defended.safetensors"
    schemes.train("adversarial_training", given, 3, path, quiet=True)
    load = links.load
    monkeypatch.setattr(
        links, "load", lambda name: load(path if name == "defended" else name)
    )
    folder = tmp_path / "trained"
    jobs = retraining.jobs(["defended"], 2, folder, ["steps=5", "batch=64"])
    assert [job.name for job in jobs] == [
        f"{name}_seed{seed}" for seed in (1, 2) for name in (PLAIN, "defended")
    ]
    assert list(retraining.train(jobs[:2]))[-1] == (2, 2)
    start, trained = (LinkModel.read(job.path()) for job in jobs[:2])
    assert trained.recipe["started_from"] == {start.name: start.sha256}
    assert trained.recipe["seed"] == 13
    before = jobs[0].path().stat().st_mtime_ns
    assert list(retraining.train(jobs[:2])) == []
    assert jobs[0].path().stat().st_mtime_ns == before


def test_panels_are_drawn_with_seeds_and_without(tmp_path):
    points = {"clean": {0.0: (9, 99)}, "a": {0.0: (500, 1000)}}
    spread = {"clean": {0.0: (0.1, 0.2)}, "a": {}}
    found = SimpleNamespace(
        added_up=lambda _, key: points[key], spread=lambda _, key: spread[key]
    )
    one = SimpleNamespace(link="one", label="one", key="a", title="a")
    for count in (1, 3, 4, 5):
        path = tmp_path / f"{count}.png"
        figure = SimpleNamespace(TITLE="t", SYSTEMS=[one], ATTACKS=[one] * count)
        attack_panels.draw(found, figure, path)
        assert path.read_bytes().startswith(b"\x89PNG")


def test_a_shipped_family_takes_the_shipped_models(tmp_path):
    family = arn_models.Family(arn_models.SHIPPED, tmp_path)
    assert family.base().sha256 == SemanticLink.load("semantic_mnist").sha256
    assert family.pair().sha256 == SemanticLink.load("paired_arn_white").sha256
    assert family.eve().sha256 == Eve.load("eve_mnist").sha256
    assert not list(tmp_path.iterdir())


def test_a_file_of_another_training_is_refused(tmp_path):
    link = SemanticLink.load("semantic_mnist")  # not of seed 1 of this family
    recipe = link.recipe | {"settings": link.recipe["settings"] | {"steps": 7}}
    other = dataclasses.replace(link, recipe=recipe)
    other.write(tmp_path / "semantic_mnist_seed1.safetensors")
    with pytest.raises(ValueError, match="other settings"):
        arn_models.Family(1, tmp_path).base()


def test_figures_of_secrecy_are_drawn(tmp_path, rng):
    figure, measured = figures.figure("arn-fig3"), Measured()
    names = {"mse": figure.MSE_CURVES, "accuracy": figure.ACCURACY_CURVES}
    for quantity, curves in names.items():
        for curve in curves:
            at = dict.fromkeys((0.0, 10.0), Estimate(0.4, 0.5, 0.6))
            measured.points[1, (quantity, curve)] = at
    noise = [(0.04, 0.6), (0.02, 0.9)]
    measured.frontier = {(1, "noise"): noise, (1, "keyed"): [(0.017, 0.1)]}
    secrecy.draw(measured, figure, 0.1135, tmp_path / "a.png", "a note")
    pictures = {"original": rng.random((3, 784)), "Bob": rng.random((3, 784))}
    picture_grid.draw(pictures, (28, 28), tmp_path / "b.png", "t")
    curve = {"static": {0.0: (5, 10), 10.0: (9, 10)}}
    eve_accuracy.draw(curve, 0.1, tmp_path / "c.png", "t")
    for name in "abc":
        assert (tmp_path / f"{name}.png").read_bytes()[:4] == b"\x89PNG"
