# SPDX-License-Identifier: GPL-3.0-or-later
"""advphy doctor with GNU Radio: blocks on its path, the Python it starts, buffers."""

import importlib
import shutil
import sys

import pytest

from .conftest import CLONE, STAGED

pytest.importorskip("gnuradio", reason="what is checked is GNU Radio")
doctor = importlib.import_module("advphy_commands._doctor")
companion = importlib.import_module("advphy_commands._doctor.companion")
flowgraphs = importlib.import_module("advphy_commands._doctor.flowgraphs")

HERE = doctor.Surroundings(CLONE)
INSTALLED = doctor.Surroundings(None)


@pytest.fixture
def no_blocks(tmp_path, monkeypatch):
    """Have GNU Radio Companion look for blocks in an empty folder only."""
    monkeypatch.delenv("GRC_BLOCKS_PATH", raising=False)
    monkeypatch.delenv("GRC_HIER_PATH", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "empty").mkdir()
    for name in ("GLOBAL", "LOCAL"):
        monkeypatch.setenv(f"GR_CONF_GRC_{name}_BLOCKS_PATH", str(tmp_path / "empty"))
    return tmp_path


def test_an_empty_block_path(no_blocks):
    (finding,) = companion.blocks_found(HERE)
    assert finding.state == "warning"
    assert f"make grc, in {CLONE}" in finding.remedy
    assert f"export GRC_BLOCKS_PATH={CLONE}/grc" in finding.remedy
    (finding,) = companion.blocks_found(INSTALLED)
    assert (finding.state, finding.remedy) == (
        "problem",
        "sudo make install, in a clone",
    )
    assert str(no_blocks / "empty") in finding.said


def test_blocks_that_are_all_there(no_blocks, monkeypatch):
    monkeypatch.setenv("GRC_BLOCKS_PATH", str(CLONE / "grc"))
    for surroundings in (HERE, INSTALLED):
        (finding,) = companion.blocks_found(surroundings)
        assert finding.state == "ok", finding.text()


def test_a_block_that_is_missing_and_one_twice(no_blocks, monkeypatch):
    copy = no_blocks / "copy"
    shutil.copytree(CLONE / "grc", copy)
    (copy / "advphy_decoder.block.yml").unlink()
    monkeypatch.setenv("GRC_BLOCKS_PATH", f"{copy}:{CLONE / 'grc'}")
    missing, twice = companion.blocks_found(INSTALLED)
    assert missing.state == "problem"
    assert "advphy_decoder.block.yml is missing" in missing.said
    assert twice.state == "warning"
    assert "they differ" in twice.said
    assert "sudo make install" in twice.remedy


def test_a_companion_whose_python_does_not_find_the_blocks(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "advphy_model.py").write_text("raise ImportError('planted')")
    (finding,) = companion.its_python(HERE)
    assert finding.state == "warning"
    assert f"make grc, in {CLONE}" in finding.remedy
    monkeypatch.setenv("PYTHONPATH", str(STAGED))
    (finding,) = companion.its_python(HERE)
    assert finding.state == "ok", finding.text()


def test_no_display(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    (finding,) = companion.display(HERE)
    assert (finding.state, "xvfb-run" in finding.remedy) == ("warning", True)
    monkeypatch.setenv("DISPLAY", ":9")
    (finding,) = companion.display(HERE)
    assert (finding.state, finding.version) == ("ok", "DISPLAY=:9")


def test_gnu_radio_and_our_blocks():
    found = list(flowgraphs.gnu_radio(HERE))
    assert [f.what for f in found] == ["GNU Radio", "a flowgraph runs"]
    assert {f.state for f in found} == {"ok"}
    (finding,) = flowgraphs.our_blocks(HERE)
    assert finding.state == "ok"


def test_blocks_that_are_not_built(tmp_path):
    path = [
        p for p in HERE.path if "test_modules" not in p and "dist-packages" not in p
    ]
    gnuradio = tmp_path / "gnuradio"
    gnuradio.mkdir()
    (gnuradio / "__init__.py").touch()
    place = doctor.Surroundings(CLONE, path=(str(tmp_path), *path))
    (finding,) = flowgraphs.our_blocks(place)
    assert (finding.state, finding.remedy) == ("problem", f"make build, in {CLONE}")


def test_another_python_first_on_the_path(tmp_path, monkeypatch):
    other = tmp_path / "python3"
    other.write_text("#!/bin/sh\nexit 1\n")
    other.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    (finding,) = flowgraphs.python_on_path(HERE)
    assert (finding.state, finding.version) == ("warning", str(other))
    assert "export PATH=/usr/bin:$PATH" in finding.remedy


def test_preferences_that_cannot_be_kept(tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.touch()  # a file: nothing can be made below it
    monkeypatch.setattr(flowgraphs, "ask", lambda *_: {"place": home / ".gnuradio"})
    monkeypatch.setattr(flowgraphs.os, "access", lambda *_: False)
    (finding,) = flowgraphs.preferences(HERE)
    assert (finding.state, "HOME=" in finding.remedy) == ("warning", True)


def test_the_interpreter_is_that_of_the_program(tmp_path, monkeypatch):
    program = tmp_path / "gnuradio-companion"
    program.write_text(f"#!{sys.executable} -u\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert companion.interpreter() == sys.executable
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert companion.interpreter() == "/usr/bin/python3"
