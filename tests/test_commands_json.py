# SPDX-License-Identifier: GPL-3.0-or-later
"""--json of every command: one document, the numbers of the table, nothing else."""

import importlib
import json
import math

import pytest

from .commands import LOOP, advphy, document, done
from .conftest import CLONE
from .idx_bytes import write_tiny

LINK = "autoencoder_mlp"
GOLDEN = CLONE / "tests" / "golden" / f"{LINK}.sigmf-meta"


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


def both(words):
    """Return the lines of a measurement, and the document of the same one again."""
    lines = done(words, "--out a.csv").splitlines()
    return lines, document(words, "--out b.csv")


def test_measure_gives_the_numbers_of_its_table(here):
    words = f"measure bpsk {LINK} --ebn0-db 0,7 {LOOP} --max-blocks 2e5"
    table, said = both(f"{words} --attack noise_jammer")
    assert (said["command"], len(said["rows"])) == ("measure", 4)
    for line, row in zip(table[1:], said["rows"], strict=True):
        cells = line.split()
        failures = row["block_errors"] + row["erasures"]
        assert cells[0] == row["link"]
        numbers = [row["ebn0_db"], row["blocks"], failures]
        assert [float(cells[1]), int(cells[2]), int(cells[3])] == numbers
        assert cells[4] == f"{row['bler']:.2e}"
        assert cells[5] == f"{row['low']:.2e}..{row['high']:.2e}"
        assert row["bler"] == failures / row["blocks"]
        assert row["psr_db"] == pytest.approx(-6)
        assert len(row["model_sha256"]) == 64


def test_a_closed_form_is_in_the_document(here):
    words = f"measure bpsk --ebn0-db 3 {LOOP} --max-blocks 1e5 --out a.csv"
    (row,) = document(words)["rows"]
    # four bits, each wrong with Q(sqrt(2 Eb/N0))
    bit = math.erfc(math.sqrt(10**0.3)) / 2
    assert row["theory"] == pytest.approx(1 - (1 - bit) ** 4)
    assert row["low"] < row["theory"] < row["high"]


def test_measure_burst_gives_the_numbers_of_its_table(here):
    table, said = both(f"measure-burst {LINK} --ebn0-db 2,4 --max-blocks 4e3")
    assert f"{said['frames'][0]['samples']} samples" in table[0]
    for line, row in zip(table[2:], said["rows"], strict=True):
        cells = line.split()
        numbers = [row["frames"], row["missed_frames"], row["blocks"]]
        assert list(map(int, cells[2:5])) == numbers
        assert cells[6] == f"{row['bler']:.2e}"
        assert cells[8] == f"{row['aligned_bler']:.2e}"
        assert cells[9] == f"{row['loss_db']:.2f}"


def test_measure_semantic_gives_the_numbers_of_its_table(here):
    words = "measure-semantic paired_arn_white --eve eve_mnist --images mnist_sample"
    table, said = both(f"{words} --frames 100 --snr-db 10 {LOOP}")
    for line, row in zip(table[1:], said["rows"], strict=True):
        assert line.split()[1] == row["branch"]
        figure = row["accuracy"] if row["branch"] == "eve" else row["mse"]
        shown = f"{figure:.4f}" if row["branch"] == "eve" else f"{figure:.5f}"
        assert line.split()[4] == shown
        assert f"{row['psr_db']:.2f} dB" in line


def test_rescore_gives_the_numbers_of_its_table():
    table = done(f"rescore {GOLDEN}").splitlines()
    said = document(f"rescore {GOLDEN}")
    table = {line[:18].strip(): line[18:].split() for line in table}
    assert said["counts"]["received"] == int(table["bursts received"][0])
    assert f"{said['snr_db']:.2f}" == table["mean SNR"][0]
    assert f"{said['cfo_hz']:.1f}" == table["mean CFO"][0]


def test_info_says_what_its_lines_say():
    lines = done("info").splitlines()
    said = document("info")
    keys = "links", "semantic_links", "eves", "perturbations"
    known = [each for key in keys for each in said[key]]
    assert [line.split()[0] for line in lines] == [each["name"] for each in known]
    lines = done(f"info {LINK}").splitlines()
    said = document(f"info {LINK}")
    assert f"SHA-256 {said['sha256']}" in lines
    assert f"k = {said['k']} bits on n = {said['n']} channel uses" in lines[0]
    kinds = [layer["kind"] for layer in said["networks"]["decoder"]["layers"]]
    assert kinds == ["dense", "relu", "dense"]
    said = document("info channels")
    assert "awgn" in [each["name"] for each in said["channels"]]
    said = document("info eve_mnist")
    assert (said["kind"], said["classes"]) == ("eve", 10)


def test_train_and_attack_give_settings_path_and_hash(tmp_path, monkeypatch):
    pytest.importorskip("torch", reason="training needs torch")
    from advphy_model.measure.error_rate import StopRule
    from advphy_training import link_scheme

    out = tmp_path / "small.safetensors"
    monkeypatch.setattr(link_scheme, "RULE", StopRule(1000, 10_000))
    said = document("train autoencoder --set steps=5 --out", out)
    shown = done("info", out).splitlines()
    assert f"SHA-256 {said['sha256']}" in shown
    assert (said["out"], said["settings"]["steps"], said["seed"]) == (str(out), 5, 1)
    said = document("train autoencoder --settings")
    assert said["settings"]["ebn0_db"] == 0
    out = tmp_path / "p.safetensors"
    said = document(f"attack fgm --link {LINK} --out", out)
    shown = done("info", out).splitlines()
    assert f"SHA-256 {said['sha256']}" in shown
    assert said["psr_db"] == pytest.approx(-6)
    clean, attacked = said["measured"]
    assert (clean["under"], attacked["under"]) == ("clean", "attacked")
    assert attacked["bler"] > 2 * clean["bler"]


def test_radio_says_counts_and_checks(tmp_path):
    pytest.importorskip("gnuradio", reason="radios are blocks of GNU Radio")
    path = tmp_path / "x.cf32"
    tx = f"radio tx {LINK} --frames 5 --sink file --args", path
    said = document(tx)
    assert (said["armed"], said["frames"]) == (False, 5)
    assert "would send" in said["plan"]
    assert document(tx, "--arm")["armed"] is True
    said = document(f"radio rx {LINK} --frames 5 --source file --args", path)
    assert (said["counts"]["received"], said["bler"]) == (5, 0)
    assert said["last_frame"]["snr_db"] > 20
    said = document("radio check --frames 20")
    assert (said["passed"], said["levels"][0]["level"]) == (True, "file")


def test_a_check_that_fails_keeps_its_exit_code(monkeypatch):
    from advphy_model.measure import radio_check

    failed = [radio_check.Check("BLER", math.nan, 0, 0.1)]
    monkeypatch.setattr(radio_check, "file_level", lambda *_, **__: failed)
    found = advphy("radio check --json")
    said = json.loads(found.stdout)
    assert (found.returncode, said["passed"]) == (1, False)
    checked = {"name": "BLER", "figure": None, "low": 0, "high": 0.1, "unit": ""}
    # The recordings with known answers come first.
    assert said["levels"][0]["checks"][-1] == checked | {"passed": False}


def test_small_commands(tmp_path, tiny):
    said = document("secret", tmp_path / "key")
    assert said["file"] == str(tmp_path / "key")
    write_tiny(tmp_path / "files")
    for was_there in (False, True):
        said = document("data tiny --from", tmp_path / "files")
        assert (said["place"], said["was_there"]) == (str(tiny), was_there)
    said = document("completion bash")
    assert "_shtab_advphy advphy" in said["script"]


def test_an_error_is_one_sentence_and_no_document(here):
    for words in ("measure nonsense --out a.csv", "info /dev/null"):
        found = advphy(words, "--json")
        assert (found.returncode, found.stdout) == (2, "")
        assert len(found.stderr.splitlines()) == 1


def test_a_file_gets_the_document_and_the_table_stays(here):
    assert done("info bpsk --json said.json") == done("info bpsk")
    assert json.loads((here / "said.json").read_text())["name"] == "bpsk"
    found = advphy("info bpsk --json=/nowhere/a.json")
    assert (found.returncode, found.stdout) == (2, "")
