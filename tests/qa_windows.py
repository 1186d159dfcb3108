# SPDX-License-Identifier: GPL-3.0-or-later
"""The windows of the examples: each control acts on the screen, idle and loaded."""

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from .demo_programs import compiled
from .qa_grc import ran

PROGRAM = Path(__file__).with_name("window_program.py")
BUSY = "while True: pass"
# Variable, value, display, color: an attack and its PSR are at the strip's edge, the
# ring of the curves stands at the setting, a canceller's detection is a black bar.
CONTROLS = {
    "autoencoder_loopback": [
        ("ebn0_db", 6.0, "bler", "ink"),
        ("ebn0_db", 1.0, "bler", "ink"),
    ],
    "attacked_link": [
        ("ebn0_db", 4.0, "curves", "ink"),
        ("attacked", False, "strip", "edge attack"),
        ("attacked", True, "strip", "edge attack"),
        ("psr_db", -12.0, "strip", "edge psr"),
        ("channel_use", 3, "plain_constellation", "codewords"),
    ],
    "defended_link": [
        ("psr_db", -3.0, "curves", "ink"),
        ("cancel", False, "strip", "edge ink"),
        ("cancel", True, "strip", "edge ink"),
        ("attacked", False, "strip", "edge attack"),
        ("attacked", True, "strip", "edge attack"),
    ],
    "compare_channels": [
        ("ebn0_db", 2.0, "curves", "ink"),
        ("channel_use", 4, "awgn_constellation", "codewords"),
    ],
    "attacked_picture": [
        ("attacked", False, "strip", "edge attack"),
        ("attacked", True, "strip", "edge attack"),
        ("psr_db", -9.0, "strip", "edge psr"),
    ],
    "attacked_audio": [
        ("attacked", False, "strip", "edge attack"),
        ("attacked", True, "strip", "edge attack"),
        ("cancel", True, "strip", "edge ink"),
    ],
}
_colors = {}  # by example, of its first run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return where the examples of this file are compiled, once each."""
    return tmp_path_factory.mktemp("windows")


@contextlib.contextmanager
def load(count):
    """Have busy processes beside a test."""
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


@pytest.mark.slow
@pytest.mark.parametrize(("processes", "limit"), [(0, 0.5), (3, 1.5)])
@pytest.mark.parametrize("name", CONTROLS)
def test_the_screen_follows_each_control(name, processes, limit, folder):
    compiled(folder, name)
    controls = json.dumps(CONTROLS[name])
    with load(processes):
        done = ran(PROGRAM, folder, name, controls, HOME=str(folder))
    assert "Traceback" not in done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    print(name, processes, found)
    assert None not in found["seconds"]
    assert max(found["seconds"]) < limit
    assert min(found["rates"]) >= 5
    assert max(found["gaps"]) <= 0.5
    assert (found["hidden"], found["errors"]) == (0, [])
    assert found["colors"] == _colors.setdefault(name, found["colors"])
