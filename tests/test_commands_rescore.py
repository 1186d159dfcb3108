# SPDX-License-Identifier: GPL-3.0-or-later
"""advphy rescore: the table, the files it writes, and what it refuses."""

import csv
import dataclasses
import json
import re
import shutil
import sys

import pytest
from advphy_commands import rescore
from advphy_model.files.recording_contents import Origin
from advphy_model.files.recording_writer import RecordingWriter
from advphy_model.link import links
from advphy_model.measure import radio_check
from advphy_model.modem.frame import Frame

from .commands import advphy, done, refused
from .conftest import CLONE

GOLDEN = CLONE / "tests" / "golden"
LINK, SEMANTIC = "autoencoder_mlp", "paired_arn_white"


@pytest.fixture
def golden(tmp_path):
    """Return copies of the golden recordings, by name."""
    for path in GOLDEN.glob("*.sigmf-*"):
        shutil.copy(path, tmp_path)
    return {name: tmp_path / f"{name}.sigmf-meta" for name in (LINK, SEMANTIC)}


def without_extension(path):
    said = json.loads(path.read_text())
    for key in [key for key in said["global"] if key.startswith("advphy:")]:
        del said["global"][key]
    path.write_text(json.dumps(said))


def test_a_table_and_the_counts_as_json_and_csv(golden, tmp_path):
    out = tmp_path / "run.csv"
    found = advphy("rescore --json", tmp_path / "run.json", golden[LINK], "--out", out)
    assert (found.returncode, found.stderr) == (0, "")
    said = found.stdout
    assert "7968 samples, 0.00797 s at 1 Msample/s, 433.92 MHz, SHA-512 right" in said
    table = {line[:18].strip(): line[18:] for line in said.splitlines()}
    assert table["bursts received"] == "4"
    assert table["bursts missed"] == "1"
    assert table["blocks"] == "32"
    assert table["block errors"] == "0"
    # nothing in 32 blocks excludes 1 - 0.05^(1/32) = 8.9 %
    assert table["BLER"] == "0  (< 8.9e-02, 95 %)"
    assert float(table["mean CFO"].split()[0]) == pytest.approx(1300, abs=20)
    assert said.splitlines()[-1] == "the receiver that recorded counted the same"
    written = json.loads((tmp_path / "run.json").read_text())
    assert written["counts"]["received"] == len(written["frames"]) == 4
    later = {"suspicious": 0, "foreign": 0}  # counted since that recording
    assert written["counts"] == written["live_counts"] | later
    assert written["verified"]
    rows = list(csv.DictReader(out.open()))
    assert [row["number"] for row in rows] == ["0", "1", "3", "4"]
    assert [row["missed"] for row in rows] == ["0", "0", "1", "0"]
    assert [row["block_errors"] for row in rows] == ["0"] * 4


def test_images_are_scored_without_gnu_radio(golden, monkeypatch):
    monkeypatch.setitem(sys.modules, "gnuradio", None)
    said = done("rescore", golden[SEMANTIC])
    assert "images            32" in said
    assert "MSE               0.02" in said


def test_a_truncated_recording_is_scored_and_says_what_is_missing(golden):
    data = golden[LINK].with_suffix(".sigmf-data")
    data.write_bytes(data.read_bytes()[: 8 * 5000])
    found = advphy("rescore", golden[LINK])
    assert found.returncode == 0, found.stderr
    assert "2968 of 7968 samples are missing" in found.stderr
    assert "bursts received   2" in found.stdout
    assert "counted otherwise: " in found.stdout
    assert "received 4 live" in found.stdout


def test_a_recording_of_another_program_wants_the_link(golden):
    without_extension(golden[LINK])
    assert "give --link" in refused("rescore", golden[LINK])
    said = done("rescore", golden[LINK], f"--link {LINK} --codewords 8")
    assert "block errors      0" in said
    assert "bursts missed     1" in said
    assert "receiver that recorded" not in said
    other = done("rescore", golden[LINK], f"--link {LINK} --codewords 8 --seed 2")
    assert int(re.search(r"block errors +(\d+)", other).group(1)) > 16
    without_extension(golden[SEMANTIC])
    said = refused("rescore", golden[SEMANTIC], f"--link {SEMANTIC}")
    assert "give --images" in said


def test_a_recording_of_ones_own_link_wants_its_file(tmp_path):
    model = links.load("hamming74_hard")
    frame = Frame.of_model(model, codewords=8)
    samples, _ = radio_check.frames_of(model, frame, 2, 1)
    origin = Origin.of(model, frame)
    origin = dataclasses.replace(origin, link="my_link", model_sha256=64 * "0")
    writer = RecordingWriter(tmp_path / "own.sigmf-meta", origin, 1e6)
    writer.write(samples)
    writer.close()
    said = refused("rescore", tmp_path / "own.sigmf-meta")
    assert "is of link 'my_link'" in said
    assert "give its file with --link" in said
    said = refused("rescore", tmp_path / "own.sigmf-meta", "--link bpsk")
    assert "is of link 'my_link' 00000000, not of 'bpsk'" in said


def test_counts_are_compared_exactly_and_sums_as_compilers_round():
    live = {"blocks": 10**7, "squared_error": 554.0}
    same = "the receiver that recorded counted the same"
    assert rescore._comparison(live, live | {"squared_error": 554.0001}) == same
    for changed in ({"blocks": 10**7 + 1}, {"squared_error": 554.001}):
        assert "otherwise" in rescore._comparison(live, live | changed)


def test_a_keyed_recording_of_0_5_is_decoded_if_it_is_said(tmp_path):
    for path in (GOLDEN / "before").glob("keyed_radio.sigmf-*"):
        shutil.copy(path, tmp_path)
    key = shutil.copy(GOLDEN / "before" / "secret.key", tmp_path)
    (tmp_path / "secret.key").chmod(0o600)
    words = ("rescore", tmp_path / "keyed_radio.sigmf-meta", "--key-file", key)
    said = done(*words, "--nonce none")
    assert said.splitlines()[-1] == "the receiver that recorded counted the same"
    assert "MSE               0.02" in said
    assert "give nonce='none' (commands: --nonce none)" in refused(*words)


@pytest.mark.parametrize("at", [None, "yesterday", "NaT"])
def test_keyed_bursts_of_an_unknown_time_want_it(at, golden, tmp_path):
    said = json.loads(golden[LINK].read_text())
    said["captures"][0]["core:datetime"] = at
    golden[LINK].write_text(json.dumps(said))
    key = shutil.copy(GOLDEN / "before" / "secret.key", tmp_path / "secret.key")
    key.chmod(0o600)
    words = ("rescore", golden[LINK], "--key-file", key)
    assert "has no core:datetime that is a date, but keyed bursts" in (
        refusal := refused(*words)
    )
    assert "--sent-at" in refusal
    assert "core:datetime" not in advphy(*words, "--sent-at 1e9").stderr
    assert "block errors      0" in done("rescore", golden[LINK])  # plain ones


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("nothing.sigmf-meta", "nothing.sigmf-meta: No such file"),
        ("nothing.wav", "ends in .sigmf-meta"),
        (".", "ends in .sigmf-meta"),
        ("LINK --link autoencoder_cnn", "not of 'autoencoder_cnn'"),
        ("LINK --link nonsense", "link 'nonsense' is neither"),
        ("LINK --seed -1", "--seed must be"),
        ("LINK --codewords 8", "contains its codewords"),
        ("LINK --images mnist_sample", "sends no images"),
        ("LINK --key-file key", "key"),
        ("SEMANTIC --images nowhere", "images 'nowhere' are none of"),
        ("SEMANTIC --nonce some", "--nonce"),
        ("LINK --json /nowhere/x.json", "/nowhere/x.json"),
        ("LINK --out .", "."),
    ],
)
def test_nonsense_is_refused(golden, here, words, text):
    first, *rest = words.split()
    first = {"LINK": golden[LINK], "SEMANTIC": golden[SEMANTIC]}.get(first, first)
    assert text in refused("rescore", first, *rest)


def test_changed_and_swapped_samples_are_refused(golden):
    data = golden[LINK].with_suffix(".sigmf-data")
    others = golden[SEMANTIC].with_suffix(".sigmf-data").read_bytes()
    for content in (data.read_bytes()[::-1], others):
        data.write_bytes(content)
        assert "not the recorded samples" in refused("rescore", golden[LINK])
