# SPDX-License-Identifier: GPL-3.0-or-later
"""`advphy plot`: which picture a file gives, its numbers, and what it refuses."""

import argparse
import json
import os
import re
import shlex

import pytest
from advphy_commands import _options, _pictures, main, plot
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links
from advphy_model.measure import table
from advphy_model.measure.link_chain import Counts
from advphy_model.measure.semantic_counts import SemanticCounts

from .test_figures_of_attacks import images
from .test_figures_of_links import jammer, pushing


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Return a function that runs a command that must succeed; it returns its lines."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        assert main([str(word) for word in words]) == 0
        return capsys.readouterr().out

    return run


@pytest.fixture
def files(tmp_path):
    """Write a CSV of each kind and a perturbation; return the folder."""
    rows = [
        Counts("bpsk", "loop", float(db), 1, 0, 10_000, errors, 0, "abc")
        for db, errors in ((0, 2800), (4, 500), (8, 0))
    ]
    table.write(tmp_path / "run.csv", rows, Counts)
    table.write(tmp_path / "empty.csv", [], Counts)
    seen = [images("bob", 5, squared_error=30.0), images("eve", 5, correct=40)]
    table.write(tmp_path / "images.csv", seen, SemanticCounts)
    p = pushing(links.load("two_simplices"), 3, 12)
    p.write(tmp_path / "p.safetensors")
    jammer(7).write(tmp_path / "jam.safetensors")
    narrow = Perturbation("narrow", "universal", 4, 4, [[1, 2, 3, 4]])
    narrow.write(tmp_path / "n4.safetensors")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "figure"),
    [
        ("run.csv", "bler"),
        ("bler run.csv", "bler"),
        ("images.csv", "semantic"),
        ("secrecy images.csv", "secrecy"),
        ("two_simplices", "constellation"),
        ("constellation bpsk autoencoder_mlp:nearest_codeword", "constellation"),
        ("decision-regions two_simplices --codewords 3,7", "decision-regions"),
        ("p.safetensors --link two_simplices", "perturbation"),
    ],
)
def test_the_files_say_what_is_drawn(files, run, words, figure):
    out = run("plot", *words.split(), "--out", "a.svg", "--json")
    document = json.loads(out)
    assert (document["figure"], document["out"]) == (figure, "a.svg")
    assert (files / "a.svg").read_bytes().startswith(b"<?xml")
    alone = run("plot", *words.split(), "--json", "a.json")
    assert alone == ""
    kept = json.loads((files / "a.json").read_text())
    assert kept["figure"] == figure


def test_the_document_has_the_counts(files, run):
    words = ("plot", "run.csv", "--at-bler", "0.1", "--claim", "4,1e-2,a paper")
    document = json.loads(run(*words, "--json"))
    (curve,) = document["curves"]
    assert [(p["x"], p["failures"], p["blocks"]) for p in curve["points"]] == [
        (0, 2800, 10_000),
        (4, 500, 10_000),
        (8, 0, 10_000),
    ]
    assert document["claims"] == [{"x": 4, "bler": 0.01, "text": "a paper"}]
    # log-linear from 0.28 at 0 dB to 0.05 at 4 dB: 4 log(2.8) / log(5.6)
    assert document["at_bler"]["ebn0_db"]["bpsk"] == pytest.approx(2.3906, abs=1e-3)
    lines = run(*words, "--out", "a.png").splitlines()
    assert lines == ["a.png", f"{'bpsk':<44}2.39 dB"]


def test_a_perturbation_is_drawn_at_the_psr_asked_for(files, run):
    at = ("--psr-db", "-3", "--json")
    words = ("plot", "p.safetensors", "--link", "two_simplices")
    document = json.loads(run(*words, *at))
    assert document["psr_db"] == pytest.approx(-3, abs=1e-4)
    words = ("plot", "decision-regions", "two_simplices")
    region = json.loads(run(*words, "--perturbation", "p.safetensors", *at))
    assert region["perturbation"]["psr_db"] == pytest.approx(-3, abs=1e-4)
    assert region["messages"][:2] == [3, 12]


def test_transfer_is_measured_from_files_and_drawn_again_from_its_counts(files, run):
    words = ("two_simplices", "max_margin", "--perturbation", "p.safetensors")
    measured = json.loads(
        run(
            "plot",
            "transfer-matrix",
            *words,
            "--ebn0-db",
            "4",
            "--max-blocks",
            "70000",
            "--out",
            "t.png",
            "--json",
        )
    )
    rows = table.read("t.csv", Counts)
    assert {(row.link, row.attack == "none") for row in rows} == {
        (link, clean) for link in ("two_simplices", "max_margin") for clean in (0, 1)
    }
    cells = {
        (cell["attacked"], cell["crafted_against"] == "no attack"): cell
        for cell in measured["cells"]
    }
    for row in rows:
        cell = cells[row.link, row.attack == "none"]
        assert (cell["failures"], cell["blocks"]) == (row.failures, row.blocks)
    again = json.loads(run("plot", "transfer-matrix", "t.csv", "--json"))
    assert again["cells"] == measured["cells"]


def test_the_page_of_pictures_has_them_and_commands_that_parse(clone):
    page = (clone / "examples" / "plots.md").read_text()
    pictures = re.findall(r"\]\((\S+)\)", page)
    assert len(pictures) > 5
    for picture in pictures:
        assert (clone / "examples" / picture).is_file()
        assert f"--out {picture}" in page
    parser = argparse.ArgumentParser()
    _options.declare(parser, plot.Settings)
    joined = page.replace("\\\n", " ")
    commands = re.findall(r"^    advphy plot (.*)", joined, re.MULTILINE)
    assert len(commands) == len(pictures)
    for command in commands:
        arguments = parser.parse_args(shlex.split(command))
        first = arguments.what[0]
        assert first in _pictures.PICTURES or first.endswith(".csv")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("missing.csv --out a.png", "missing.csv: No such file"),
        ("empty.csv --out a.png", "no counts to draw"),
        ("run.csv images.csv --out a.png", "give files of one kind"),
        ("run.csv two_simplices --out a.png", "give files of one kind"),
        ("bler images.csv --out a.png", "wanted a CSV of counts"),
        ("constellation run.csv --out a.png", "wanted a link"),
        ("run.csv run.csv --out a.png", "counted twice"),
        ("nonsense --out a.png", "'nonsense' is neither"),
        ("constellation nonsense --out a.png", "'nonsense' is neither"),
        ("constellation --out a.png", "constellation of what?"),
        ("run.csv", "--out is missing"),
        ("run.csv --json=images.csv", "ends in .json"),
        ("run.csv --out a.doc", "use png, svg or pdf"),
        ("run.csv --out a", "use png, svg or pdf"),
        ("run.csv --out nowhere/a.png", "nowhere/a.png"),
        ("run.csv --out a.png --x psr_db", "leave --x away"),
        ("run.csv --out a.png --at-bler nan", "wanted a finite number"),
        ("run.csv --out a.png --claim 4,2,words", "BLER within 0..1"),
        ("run.csv --out a.png --claim 4,nan,words", "BLER within 0..1"),
        ("run.csv --out a.png --claim 4", "X,BLER,TEXT"),
        ("run.csv --out a.png --link bpsk", "--link belongs to perturbation"),
        ("two_simplices --out a.png --ebn0-db 4", "--ebn0-db belongs to"),
        ("decision-regions two_simplices bpsk --out a.png", "wanted one link, got 2"),
        ("decision-regions two_simplices --codewords 1,x --out a.png", "two or three"),
        ("decision-regions two_simplices --codewords 1,99 --out a.png", "0..15"),
        ("decision-regions two_simplices --ebn0-db inf --out a.png", "finite"),
        ("decision-regions two_simplices --ebn0-db 400 --out a.png", "-100..100"),
        ("decision-regions two_simplices --psr-db -6 --out a.png", "--perturbation"),
        (
            "decision-regions two_simplices --perturbation n4.safetensors --out a.png",
            "n = 4",
        ),
        (
            "decision-regions hamming74_ml --out a.png --perturbation jam.safetensors",
            "no direction",
        ),
        (
            "decision-regions two_simplices --perturbation run.csv --out a.png",
            "run.csv",
        ),
        ("p.safetensors --out a.png", "--link"),
        ("p.safetensors --link bpsk --out a.png", "n = 7"),
        ("p.safetensors --link two_simplices --psr-db 99 --out a.png", "-100..60"),
        ("secrecy run.csv --out a.png", "wanted a CSV of semantic counts"),
        ("transfer-matrix run.csv --out a.png", "no row has an attack"),
        ("transfer-matrix bpsk --out a.png --perturbation p.safetensors", "n = 7"),
        ("transfer-matrix two_simplices --json", "--out is missing"),
    ],
)
def test_nonsense_is_refused_in_one_sentence(files, refuse, monkeypatch, words, text):
    monkeypatch.chdir(files)
    before = sorted(os.listdir(files))
    assert text in refuse("plot", *words.split())
    assert sorted(os.listdir(files)) == before
