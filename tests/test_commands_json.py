# SPDX-License-Identifier: GPL-3.0-or-later
"""--json of every command: one document, the numbers of the table, nothing else."""

import functools
import importlib
import json
import math

import pytest

from .conftest import CLONE
from .idx_bytes import write_tiny
from .test_commands import advphy

LINK = "autoencoder_mlp"
GOLDEN = CLONE / "tests" / "golden" / f"{LINK}.sigmf-meta"


@pytest.fixture
def run(capfd):
    """Return a function that runs a command here: (code, its lines or document)."""
    main = importlib.import_module("advphy_commands").main

    def run(*words):
        code = main([str(word) for word in words])
        said, remarks = capfd.readouterr()
        assert "Traceback" not in remarks
        return code, json.loads(said) if "--json" in words else said.splitlines()

    return run


def leaves():
    parser = importlib.import_module("advphy_commands._parser")
    every = parser.parsers(parser.parser())
    return [(name, each) for name, each in every if each._subparsers is None]


def test_every_command_has_json():
    without = [
        name for name, leaf in leaves() if "--json" not in leaf._option_string_actions
    ]
    assert without == []
    assert {"measure", "radio tx", "radio rx", "data", "train"} < dict(leaves()).keys()


def test_measure_gives_the_numbers_of_its_table(run, tmp_path):
    words = [
        "measure",
        "bpsk",
        LINK,
        "--ebn0-db",
        "0,7",
        "--engine",
        "loop",
        "--max-blocks",
        "2e5",
        "--attack",
        "noise_jammer",
    ]
    _, table = run(*words, "--out", tmp_path / "a.csv")
    code, said = run(*words, "--out", tmp_path / "b.csv", "--json")
    assert (code, said["command"], len(said["rows"])) == (0, "measure", 4)
    for line, row in zip(table[1:], said["rows"], strict=True):
        cells = line.split()
        failures = row["block_errors"] + row["erasures"]
        assert cells[0] == row["link"]
        assert [float(cells[1]), int(cells[2]), int(cells[3])] == [
            row["ebn0_db"],
            row["blocks"],
            failures,
        ]
        assert cells[4] == f"{row['bler']:.2e}"
        assert cells[5] == f"{row['low']:.2e}..{row['high']:.2e}"
        assert row["bler"] == failures / row["blocks"]
        assert row["psr_db"] == pytest.approx(-6)
        assert len(row["model_sha256"]) == 64


def test_a_closed_form_is_in_the_document(run, tmp_path):
    _, said = run(
        "measure",
        "bpsk",
        "--ebn0-db",
        "3",
        "--engine",
        "loop",
        "--max-blocks",
        "1e5",
        "--json",
        "--out",
        tmp_path / "a.csv",
    )
    # four bits, each wrong with Q(sqrt(2 Eb/N0))
    bit = math.erfc(math.sqrt(10**0.3)) / 2
    assert said["rows"][0]["theory"] == pytest.approx(1 - (1 - bit) ** 4)
    assert said["rows"][0]["low"] < said["rows"][0]["theory"] < said["rows"][0]["high"]


def test_measure_burst_gives_the_numbers_of_its_table(run, tmp_path):
    words = ["measure-burst", LINK, "--ebn0-db", "2,4", "--max-blocks", "4e3"]
    _, table = run(*words, "--out", tmp_path / "a.csv")
    _, said = run(*words, "--out", tmp_path / "b.csv", "--json")
    assert f"{said['frames'][0]['samples']} samples" in table[0]
    for line, row in zip(table[2:], said["rows"], strict=True):
        cells = line.split()
        numbers = [row["frames"], row["missed_frames"], row["blocks"]]
        assert list(map(int, cells[2:5])) == numbers
        assert cells[6] == f"{row['bler']:.2e}"
        assert cells[8] == f"{row['aligned_bler']:.2e}"
        assert cells[9] == f"{row['loss_db']:.2f}"


def test_measure_semantic_gives_the_numbers_of_its_table(run, tmp_path):
    words = [
        "measure-semantic",
        "paired_arn_white",
        "--eve",
        "eve_mnist",
        "--images",
        "mnist_sample",
        "--frames",
        "100",
        "--snr-db",
        "10",
        "--engine",
        "loop",
    ]
    _, table = run(*words, "--out", tmp_path / "a.csv")
    _, said = run(*words, "--out", tmp_path / "b.csv", "--json")
    for line, row in zip(table[1:], said["rows"], strict=True):
        assert line.split()[1] == row["branch"]
        figure = row["accuracy"] if row["branch"] == "eve" else row["mse"]
        shown = f"{figure:.4f}" if row["branch"] == "eve" else f"{figure:.5f}"
        assert line.split()[4] == shown
        assert f"{row['psr_db']:.2f} dB" in line


def test_rescore_gives_the_numbers_of_its_table(run):
    _, table = run("rescore", GOLDEN)
    _, said = run("rescore", "--json", GOLDEN)
    table = {line[:18].strip(): line[18:].split() for line in table}
    assert said["counts"]["received"] == int(table["frames received"][0])
    assert f"{said['snr_db']:.2f}" == table["mean SNR"][0]
    assert f"{said['cfo_hz']:.1f}" == table["mean CFO"][0]


def test_info_says_what_its_lines_say(run):
    _, lines = run("info")
    _, said = run("info", "--json")
    keys = "links", "semantic_links", "eves", "perturbations"
    known = [each for key in keys for each in said[key]]
    assert [line.split()[0] for line in lines] == [each["name"] for each in known]
    _, lines = run("info", LINK)
    _, said = run("info", "--json", LINK)
    assert f"SHA-256 {said['sha256']}" in lines
    assert f"k = {said['k']} bits on n = {said['n']} channel uses" in lines[0]
    kinds = [layer["kind"] for layer in said["networks"]["decoder"]["layers"]]
    assert kinds == ["dense", "relu", "dense"]
    _, said = run("info", "channels", "--json")
    assert "awgn" in [each["name"] for each in said["channels"]]
    _, said = run("info", "eve_mnist", "--json")
    assert (said["kind"], said["classes"]) == ("eve", 10)


def test_train_and_attack_give_settings_path_and_hash(run, tmp_path, monkeypatch):
    pytest.importorskip("torch", reason="training needs torch")
    from advphy_training import link_scheme

    out = tmp_path / "small.safetensors"
    brief = functools.partial(link_scheme._count, max_blocks=10_000)
    monkeypatch.setattr(link_scheme, "_count", lambda link, db, _: brief(link, db))
    _, said = run("train", "autoencoder", "--set", "steps=5", "--out", out, "--json")
    _, shown = run("info", out)
    assert f"SHA-256 {said['sha256']}" in shown
    assert (said["out"], said["settings"]["steps"], said["seed"]) == (str(out), 5, 1)
    _, said = run("train", "autoencoder", "--settings", "--json")
    assert said["settings"]["ebn0_db"] == 0
    out = tmp_path / "p.safetensors"
    _, said = run("attack", "fgm", "--link", LINK, "--out", out, "--json")
    _, shown = run("info", out)
    assert f"SHA-256 {said['sha256']}" in shown
    assert said["psr_db"] == pytest.approx(-6)
    clean, attacked = said["measured"]
    assert (clean["under"], attacked["under"]) == ("clean", "attacked")
    assert attacked["bler"] > 2 * clean["bler"]


def test_radio_says_counts_and_checks(run, tmp_path):
    pytest.importorskip("gnuradio", reason="radios are blocks of GNU Radio")
    path = tmp_path / "x.cf32"
    near = ["--frames", 5, "--json"]
    _, said = run("radio", "tx", LINK, "--sink", "file", "--args", path, *near)
    assert (said["armed"], said["frames"]) == (False, 5)
    assert "would send" in said["plan"]
    run("radio", "tx", LINK, "--sink", "file", "--args", path, "--arm", *near)
    _, said = run("radio", "rx", LINK, "--source", "file", "--args", path, *near)
    assert (said["counts"]["received"], said["bler"]) == (5, 0)
    assert said["last_frame"]["snr_db"] > 20
    code, said = run("radio", "check", "--frames", 20, "--json")
    assert (code, said["passed"], said["levels"][0]["level"]) == (0, True, "file")


def test_a_check_that_fails_keeps_its_exit_code(run, monkeypatch):
    from advphy_model.measure import radio_check

    failed = [radio_check.Check("BLER", math.nan, 0, 0.1)]
    monkeypatch.setattr(radio_check, "file_level", lambda *_, **__: failed)
    code, said = run("radio", "check", "--json")
    assert (code, said["passed"]) == (1, False)
    assert said["levels"][0]["checks"] == [
        {
            "name": "BLER",
            "figure": None,
            "low": 0,
            "high": 0.1,
            "unit": "",
            "passed": False,
        }
    ]


def test_small_commands(run, tmp_path, tiny):
    _, said = run("secret", tmp_path / "key", "--json")
    assert said["file"] == str(tmp_path / "key")
    write_tiny(tmp_path / "files")
    for was_there in (False, True):
        _, said = run("data", "tiny", "--from", tmp_path / "files", "--json")
        assert (said["place"], said["was_there"]) == (str(tiny), was_there)
    _, said = run("completion", "bash", "--json")
    assert "_shtab_advphy advphy" in said["script"]


def test_an_error_is_one_sentence_and_no_document(tmp_path):
    for words in (["measure", "nonsense", "--out", "a.csv"], ["info", "/dev/null"]):
        found = advphy(*words, "--json", cwd=tmp_path)
        assert (found.returncode, found.stdout) == (2, "")
        assert len(found.stderr.splitlines()) == 1


def test_a_file_gets_the_document_and_the_table_stays(run, tmp_path):
    path = tmp_path / "said.json"
    _, lines = run("info", "bpsk")
    main = importlib.import_module("advphy_commands").main
    assert main(["info", "bpsk", "--json", str(path)]) == 0
    assert json.loads(path.read_text())["name"] == "bpsk"
    found = advphy("info", "bpsk", "--json", path)
    assert found.stdout.splitlines() == lines
    found = advphy("info", "bpsk", "--json=/nowhere/a.json")
    assert (found.returncode, found.stdout) == (2, "")
