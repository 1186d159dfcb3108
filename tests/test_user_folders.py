# SPDX-License-Identifier: GPL-3.0-or-later
"""Files in a home folder, and no home folder at all."""

import os
import subprocess
import sys

import numpy as np
import pytest
from advphy_model.files import image_files, images, recording_contents
from advphy_model.link import secret_file
from advphy_model.link.link_model import LinkModel
from advphy_model.measure import table
from advphy_model.measure.link_chain import Counts
from advphy_model.modem import transmit_limits
from advphy_model.user_folders import user_path

from .conftest import CLONE, STAGED


def command(*words, code="", **environment):
    """Run the command after some code; return (exit code, what it said)."""
    run = f"{code}\nimport sys\nfrom advphy_commands import main\nsys.exit(main())"
    path = os.pathsep.join([str(STAGED), str(CLONE / "apps")])
    done = subprocess.run(
        [sys.executable, "-c", run, *words],
        env={k: v for k, v in os.environ.items() if k != "HOME"}
        | {"PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=200,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_tilde_is_the_home_folder_in_every_file_parameter(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    model = LinkModel.load("hamming74_ml")
    model.write("~/own.safetensors")
    assert LinkModel.load("~/own.safetensors").sha256 == model.sha256
    secret_file.create("~/secret")
    assert len(secret_file.read("~/secret")) == 32
    table.write("~/counts.csv", [], Counts)
    assert table.read("~/counts.csv", Counts) == table.read_existing(
        "~/counts.csv", Counts
    )
    assert recording_contents.paths("~/a.sigmf-meta")[1] == tmp_path / "a.sigmf-data"
    monkeypatch.setenv("ADVPHY_DATA", "~/data")
    image_files.write("own", "images-idx3-ubyte", np.zeros((2, 7, 7), np.uint8))
    assert len(images.load("~/data/own/images-idx3-ubyte")) == 2
    names = {"own.safetensors", "secret", "counts.csv", "data"}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_a_tilde_after_an_option(tmp_path):
    words = ("measure", "bpsk", "--ebn0-db", "0", "--max-blocks", "1000")
    code, said = command(*words, "--out=~/m.csv", HOME=str(tmp_path))
    assert (code, (tmp_path / "m.csv").is_file()) == (0, True), said


NOBODY = "import pwd\ndef no(uid): raise KeyError(uid)\npwd.getpwuid = no"


@pytest.mark.parametrize("home", [None, "relative"])
def test_commands_without_a_home_folder(home, tmp_path):
    given = {"code": NOBODY} | ({} if home is None else {"HOME": home})
    out = str(tmp_path / "m.csv")
    words = ("measure", "bpsk", "--ebn0-db", "0", "--max-blocks", "1000", "--out", out)
    code, said = command(*words, **given)
    assert code == 0, said
    code, said = command("plot", out, "--out", str(tmp_path / "m.png"), **given)
    assert (code, "Traceback" in said) == (0, False), said
    words = (
        "measure-semantic",
        "semantic_mnist",
        "--snr-db",
        "10",
        "--images",
        "mnist_test",
    )
    code, said = command(*words, "--out", str(tmp_path / "s.csv"), **given)
    assert (code, "is not in /nonexistent/.local/share/gr-advphy" in said) == (2, True)
    assert not (tmp_path / "relative").exists()


def test_no_home_folder_and_a_read_only_one(monkeypatch, tmp_path):
    for name in ("HOME", "ADVPHY_DATA", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    assert transmit_limits.read_allow_list() == []
    assert image_files.own_sets() == []
    (tmp_path / "file").write_text("")  # as a folder read-only for everybody, root too
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    with pytest.raises(OSError, match="set ADVPHY_DATA to a folder that you may write"):
        image_files.write("own", "images-idx3-ubyte", np.zeros((2, 7, 7), np.uint8))


def test_gnu_radio_with_a_home_folder_that_is_read_only(tmp_path):
    (tmp_path / "file").touch()
    words = ("measure", "bpsk", "--ebn0-db", "0", "--max-blocks", "1000", "--out", "m")
    code, said = command(*words, HOME=str(tmp_path / "file"))
    assert (code, "GNU Radio needs a HOME that it may write to" in said) == (2, True)
    assert "Traceback" not in said


@pytest.mark.parametrize("name", ["a\0b", "a\ud800"])
def test_what_cannot_be_a_name_is_refused_with_the_name(name):
    with pytest.raises(ValueError, match=r"^'a\\[ -~]* cannot be the name.*choose"):
        user_path(name)
