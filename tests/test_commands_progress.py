# SPDX-License-Identifier: GPL-3.0-or-later
"""What takes time shows a bar with an estimate, on a terminal and nowhere else."""

import importlib
import io
import os
import pty
import re
import subprocess
import sys

import pytest

from .conftest import CLONE
from .test_commands import ADVPHY

LINK = "autoencoder_mlp"
GOLDEN = CLONE / "tests" / "golden" / f"{LINK}.sigmf-meta"
ESTIMATE = re.compile(r"\d+(\.\d+)?/\d+ \[\d\d:\d\d<")  # 3/4 [00:01<00:00
COMMANDS = {
    "measure": ["bpsk", "--engine", "loop", "--max-blocks", "1e5", "--out", "a.csv"],
    "measure-burst": [LINK, "--ebn0-db", "4", "--max-blocks", "1e3", "--out", "a.csv"],
    "measure-semantic": [
        "paired_arn_white",
        "--images",
        "mnist_sample",
        "--frames",
        "9",
        "--engine",
        "loop",
        "--out",
        "a.csv",
    ],
    "rescore": [GOLDEN],
    "radio check": ["--frames", "20"],
}


class Screen(io.StringIO):
    """Standard error that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        """Say so."""
        return True


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Return a function that runs a command here; what it wrote to stderr."""
    monkeypatch.chdir(tmp_path)
    main = importlib.import_module("advphy_commands").main

    def run(name, words, screen):
        if screen is not None:
            monkeypatch.setattr(sys, "stderr", screen)
        assert main([*name.split(), *map(str, words)]) == 0
        return screen.getvalue() if screen else capsys.readouterr().err

    return run


def check(run, name, words):
    shown = run(name, words, Screen())
    assert ESTIMATE.search(shown), shown
    for file in ("a.csv", "p.safetensors"):
        if os.path.exists(file):
            os.remove(file)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_terminal_sees_a_bar_with_an_estimate(run, name):
    check(run, name, COMMANDS[name])


def test_a_terminal_sees_how_far_an_attack_is(run):
    pytest.importorskip("torch", reason="attacks need torch")
    words = ["universal_pgd", "--link", LINK, "--restarts", "2", "--steps", "3"]
    check(run, "attack", [*words, "--out", "p.safetensors"])


@pytest.mark.parametrize("name", COMMANDS)
def test_a_pipe_sees_none(run, name):
    shown = run(name, COMMANDS[name], None)
    assert "\r" not in shown
    assert not ESTIMATE.search(shown)


def test_there_is_one_bar_and_all_that_takes_time_has_it():
    sources = {
        path.relative_to(CLONE).as_posix(): path.read_text()
        for folder in ("apps", "python")
        for path in (CLONE / folder).rglob("*.py")
    }
    bar = "apps/advphy_commands/_progress.py"
    own = [name for name, text in sources.items() if re.search(r"\btqdm\(", text)]
    assert own == [bar]
    for name in (  # what these run takes minutes
        "adapt_eve",
        "evaluate",
        "reproduce",
        "synchronism",
        "bench",
        "data",
        "_radio_settings",
        "doctor",
    ):
        assert "_progress.bar(" in sources[f"apps/advphy_commands/{name}.py"], name


def test_what_training_shows_is_the_programs_and_may_be_hushed(monkeypatch):
    from advphy_commands import _progress
    from advphy_training import progress

    monkeypatch.setattr(sys, "stderr", Screen())
    monkeypatch.setattr(progress, "show", None)
    assert list(progress.bar(range(3), unit="step")) == [0, 1, 2]
    monkeypatch.setattr(progress, "show", _progress.bar)
    with progress.hushed():
        assert list(progress.bar(range(3))) == [0, 1, 2]
    assert sys.stderr.getvalue() == ""
    assert list(progress.bar(range(3))) == [0, 1, 2]
    assert "0/3" in sys.stderr.getvalue()


def test_a_real_terminal(tmp_path):
    try:
        master, slave = pty.openpty()
    except OSError as error:
        pytest.skip(f"no pseudo terminal here: {error}")
    words = ["measure", "bpsk", "--engine", "loop", "--max-blocks", "1e5", "--json"]
    done = subprocess.Popen(
        [ADVPHY, *words, "--out", tmp_path / "a.csv"],
        stdout=subprocess.PIPE,
        stderr=slave,
    )
    os.close(slave)
    said, _ = done.communicate(timeout=300)
    shown = b""
    while True:
        try:
            more = os.read(master, 4096)
        except OSError:  # what is at the end of a terminal
            break
        if not more:
            break
        shown += more
    os.close(master)
    assert done.returncode == 0
    assert ESTIMATE.search(shown.decode())
    assert said.decode().startswith('{\n "command": "measure"')
