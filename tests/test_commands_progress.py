# SPDX-License-Identifier: GPL-3.0-or-later
"""What takes time shows a bar with an estimate, on a terminal and nowhere else."""

import contextlib
import io
import os
import pty
import re
import sys

import pytest
from advphy_commands import main

from .commands import LOOP, advphy, started, words
from .conftest import CLONE

LINK = "autoencoder_mlp"
GOLDEN = CLONE / "tests" / "golden" / f"{LINK}.sigmf-meta"
ESTIMATE = re.compile(r"\d+(\.\d+)?/\d+ \[\d\d:\d\d<")  # 3/4 [00:01<00:00
TAKE_MINUTES = (
    "adapt_eve certify evaluate reproduce synchronism bench data _radio_settings doctor"
)
IMAGES = "paired_arn_white --images mnist_sample --frames 9"
COMMANDS = (
    f"measure bpsk {LOOP} --max-blocks 1e5 --out a.csv",
    f"measure-burst {LINK} --ebn0-db 4 --max-blocks 1e3 --out a.csv",
    f"measure-semantic {IMAGES} {LOOP} --out a.csv",
    f"rescore {GOLDEN}",
    "radio check --frames 20",
)


class Screen(io.StringIO):
    """Standard error that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        """Say so."""
        return True


def check(monkeypatch, line):
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", Screen())
        assert main(words(line)) == 0
        shown = sys.stderr.getvalue()
    assert ESTIMATE.search(shown), shown


@pytest.mark.parametrize("line", COMMANDS)
def test_a_terminal_sees_a_bar_with_an_estimate_and_a_pipe_none(
    here, monkeypatch, line
):
    check(monkeypatch, line)
    (here / "a.csv").unlink(missing_ok=True)
    shown = advphy(line).stderr
    assert "\r" not in shown
    assert not ESTIMATE.search(shown)


def test_a_terminal_sees_how_far_an_attack_is(here, monkeypatch):
    pytest.importorskip("torch", reason="attacks need torch")
    short = f"--link {LINK} --restarts 2 --steps 3"
    check(monkeypatch, f"attack universal_pgd {short} --out p.safetensors")


def test_there_is_one_bar_and_all_that_takes_time_has_it():
    sources = {
        path.relative_to(CLONE).as_posix(): path.read_text()
        for folder in ("apps", "python")
        for path in (CLONE / folder).rglob("*.py")
    }
    bar = "apps/advphy_commands/_progress.py"
    own = [name for name, text in sources.items() if re.search(r"\btqdm\(", text)]
    assert own == [bar]
    for name in TAKE_MINUTES.split():
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
    command = f"measure bpsk {LOOP} --max-blocks 1e5 --json --out"
    done = started(command, tmp_path / "a.csv", stderr=slave)
    os.close(slave)
    said, _ = done.communicate(timeout=300)
    shown = b""
    with contextlib.suppress(OSError):  # what is at the end of a terminal
        while more := os.read(master, 4096):
            shown += more
    os.close(master)
    assert done.returncode == 0
    assert ESTIMATE.search(shown.decode())
    assert said.startswith('{\n "command": "measure"')
