# SPDX-License-Identifier: GPL-3.0-or-later
"""`advphy plot`: which picture a file gives, its numbers, and what it refuses."""

import argparse
import json
import re
import shlex

import pytest
from advphy_commands import _options, _pictures, plot
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links
from advphy_model.measure import table
from advphy_model.measure.link_chain import Counts
from advphy_model.measure.semantic_counts import SemanticCounts

from .commands import document, done, refused
from .test_figures_of_attacks import images
from .test_figures_of_links import jammer, pushing

PNG = "--out a.png"
JAM = "--perturbation jam.safetensors"
REGIONS = "decision-regions two_simplices"


@pytest.fixture
def files(here):
    """Write a CSV of each kind and a perturbation; return the folder."""
    rows = [
        Counts("bpsk", "loop", float(db), 1, 0, 10_000, errors, 0, "abc")
        for db, errors in ((0, 2800), (4, 500), (8, 0))
    ]
    table.write(here / "run.csv", rows, Counts)
    table.write(here / "empty.csv", [], Counts)
    seen = [images("bob", 5, squared_error=30.0), images("eve", 5, correct=40)]
    table.write(here / "images.csv", seen, SemanticCounts)
    p = pushing(links.load("two_simplices"), 3, 12)
    p.write(here / "p.safetensors")
    jammer(7).write(here / "jam.safetensors")
    narrow = Perturbation("narrow", "universal", 4, 4, [[1, 2, 3, 4]])
    narrow.write(here / "n4.safetensors")
    return here


@pytest.mark.parametrize(
    ("words", "figure"),
    [
        ("run.csv", "bler"),
        ("bler run.csv", "bler"),
        ("images.csv", "semantic"),
        ("secrecy images.csv", "secrecy"),
        ("two_simplices", "constellation"),
        ("constellation bpsk autoencoder_mlp:nearest_codeword", "constellation"),
        (f"{REGIONS} --codewords 3,7", "decision-regions"),
        ("p.safetensors --link two_simplices", "perturbation"),
    ],
)
def test_the_files_say_what_is_drawn(files, words, figure):
    drawn = document("plot", words, "--out a.svg")
    assert (drawn["figure"], drawn["out"]) == (figure, "a.svg")
    assert (files / "a.svg").read_bytes().startswith(b"<?xml")
    assert done("plot", words, "--json a.json") == ""
    kept = json.loads((files / "a.json").read_text())
    assert kept["figure"] == figure


def test_names_of_4000_letters_are_cut(files):
    text = (files / "run.csv").read_text().replace("bpsk", 4000 * "y")
    (files / "long.csv").write_text(text)
    done("plot long.csv run.csv --out long.png --json long.json")
    kept = json.loads((files / "long.json").read_text())
    assert {each["label"] for each in kept["curves"]} >= {"bpsk", 4000 * "y"}


def test_the_document_has_the_counts(files):
    words = "plot run.csv --at-bler 0.1 --claim '4,1e-2,a paper'"
    drawn = document(words)
    (curve,) = drawn["curves"]
    points = [(p["x"], p["failures"], p["blocks"]) for p in curve["points"]]
    assert points == [(0, 2800, 10_000), (4, 500, 10_000), (8, 0, 10_000)]
    assert drawn["claims"] == [{"x": 4, "bler": 0.01, "text": "a paper"}]
    # log-linear from 0.28 at 0 dB to 0.05 at 4 dB: 4 log(2.8) / log(5.6)
    assert drawn["at_bler"]["ebn0_db"]["bpsk"] == pytest.approx(2.3906, abs=1e-3)
    lines = done(words, "--out a.png").splitlines()
    assert lines == ["a.png", f"{'bpsk':<44}2.39 dB"]


def test_a_shipped_perturbation_is_drawn_by_its_name(here):
    name = "universal_pgd_gan_mlp"  # crafted at -6 dB
    assert document("plot", name)["psr_db"] == pytest.approx(-6)
    region = document("plot decision-regions gan_mlp --perturbation", name)
    assert region["perturbation"]["name"] == name


def test_a_perturbation_is_drawn_at_the_psr_asked_for(files):
    drawn = document("plot p.safetensors --link two_simplices --psr-db -3")
    assert drawn["psr_db"] == pytest.approx(-3, abs=1e-4)
    words = "plot decision-regions two_simplices --perturbation p.safetensors"
    region = document(words, "--psr-db -3")
    assert region["perturbation"]["psr_db"] == pytest.approx(-3, abs=1e-4)
    assert region["messages"][:2] == [3, 12]


def test_transfer_is_measured_from_files_and_drawn_again_from_its_counts(files):
    words = "two_simplices max_margin --perturbation p.safetensors --out t.png"
    measured = document(f"plot transfer-matrix {words} --ebn0-db 4 --max-blocks 70000")
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
    again = document("plot transfer-matrix t.csv")
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
        (f"missing.csv {PNG}", "missing.csv: No such file"),
        (f"empty.csv {PNG}", "no counts to draw"),
        (f"run.csv images.csv {PNG}", "give files of one kind"),
        (f"run.csv two_simplices {PNG}", "give files of one kind"),
        (f"bler images.csv {PNG}", "expected a CSV of counts"),
        (f"constellation run.csv {PNG}", "expected a link"),
        (f"run.csv run.csv {PNG}", "counted twice"),
        (f"nonsense {PNG}", "'nonsense' is neither"),
        (f"constellation nonsense {PNG}", "'nonsense' is neither"),
        (f"constellation {PNG}", "constellation needs a file or a link"),
        ("run.csv", "--out is missing"),
        ("run.csv --json=images.csv", "ends in .json"),
        ("run.csv --out a.doc", "use png, svg or pdf"),
        ("run.csv --out a", "use png, svg or pdf"),
        ("run.csv --out nowhere/a.png", "nowhere/a.png"),
        (f"run.csv {PNG} --x psr_db", "omit --x"),
        (f"run.csv {PNG} --at-bler nan", "must be a finite number"),
        (f"run.csv {PNG} --claim 4,2,words", "0 < BLER <= 1"),
        (f"run.csv {PNG} --claim 4,nan,words", "0 < BLER <= 1"),
        (f"run.csv {PNG} --claim 4", "X,BLER,TEXT"),
        (f"run.csv {PNG} --link bpsk", "--link belongs to perturbation"),
        (f"two_simplices {PNG} --ebn0-db 4", "--ebn0-db belongs to"),
        (f"{REGIONS} bpsk {PNG}", "expected one link, got 2"),
        (f"{REGIONS} --codewords 1,x {PNG}", "two or three"),
        (f"{REGIONS} --codewords 1,99 {PNG}", "0..15"),
        (f"{REGIONS} --ebn0-db inf {PNG}", "finite"),
        (f"{REGIONS} --ebn0-db 400 {PNG}", "-100..100"),
        (f"{REGIONS} --psr-db -6 {PNG}", "--perturbation"),
        (f"{REGIONS} --perturbation n4.safetensors {PNG}", "n = 4"),
        (
            f"decision-regions hamming74_ml {PNG} --perturbation jam.safetensors",
            "no direction",
        ),
        (f"{REGIONS} --perturbation run.csv {PNG}", "run.csv"),
        (f"p.safetensors {PNG}", "--link"),
        (f"p.safetensors --link bpsk {PNG}", "n = 7"),
        (f"p.safetensors --link two_simplices --psr-db 99 {PNG}", "-100..60"),
        (f"secrecy run.csv {PNG}", "expected a CSV of semantic counts"),
        (f"transfer-matrix run.csv {PNG}", "no row has an attack"),
        (f"transfer-matrix bpsk {PNG} --perturbation p.safetensors", "n = 7"),
        ("transfer-matrix two_simplices --json", "--out is missing"),
    ],
)
def test_nonsense_is_refused_in_one_sentence(files, words, text):
    assert text in refused("plot", words)
