# SPDX-License-Identifier: GPL-3.0-or-later
"""advphy doctor with GNU Radio: blocks on its path, and the Python that it starts."""

import shutil
import sys

import pytest

from .conftest import CLONE, STAGED
from .test_doctor import HERE, Place, doctor, found, hide

pytest.importorskip("gnuradio", reason="what is checked is GNU Radio")
INSTALLED = Place(None)
BLOCKS = "blocks in GNU Radio Companion"


@pytest.fixture
def no_blocks(tmp_path, monkeypatch):
    """Have GNU Radio Companion look for blocks in an empty folder only."""
    monkeypatch.delenv("GRC_BLOCKS_PATH", raising=False)
    monkeypatch.delenv("GRC_HIER_PATH", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", str(STAGED))
    (tmp_path / "empty").mkdir()
    for name in ("GLOBAL", "LOCAL"):
        monkeypatch.setenv(f"GR_CONF_GRC_{name}_BLOCKS_PATH", str(tmp_path / "empty"))
    return tmp_path


def test_an_empty_block_path(no_blocks):
    finding = found(BLOCKS)
    assert finding.state == "warning"
    assert f"make grc, in {CLONE}" in finding.remedy
    assert f"export GRC_BLOCKS_PATH={CLONE}/grc" in finding.remedy
    finding = found(BLOCKS, INSTALLED)
    remedy = "sudo make install, in a clone"
    assert (finding.state, finding.remedy) == ("problem", remedy)
    assert str(no_blocks / "empty") in finding.said


def test_blocks_that_are_all_there(no_blocks, monkeypatch):
    monkeypatch.setenv("GRC_BLOCKS_PATH", str(CLONE / "grc"))
    for place in (HERE, INSTALLED):
        assert found(BLOCKS, place).state == "ok", found(BLOCKS, place).text()


def test_a_block_that_is_missing_and_one_that_differs(no_blocks, monkeypatch):
    copy = no_blocks / "copy"
    shutil.copytree(CLONE / "grc", copy)
    block = copy / "advphy_decoder.block.yml"
    monkeypatch.setenv("GRC_BLOCKS_PATH", f"{copy}:{CLONE / 'grc'}")
    assert found(BLOCKS, INSTALLED).state == "ok"
    block.write_text("changed")
    finding = found(BLOCKS, INSTALLED)
    assert finding.state == "warning"
    assert f"the blocks in {CLONE / 'grc'} differ from those in {copy}" in finding.said
    block.unlink()
    finding = found(BLOCKS, INSTALLED)
    assert finding.state == "problem"
    assert "advphy_decoder.block.yml is missing" in finding.said


def test_a_companion_whose_python_does_not_find_the_blocks(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "advphy_model.py").write_text("raise ImportError('planted')")
    finding = found("flowgraphs that it starts")
    assert finding.state == "warning"
    assert f"make grc, in {CLONE}" in finding.remedy
    monkeypatch.setenv("PYTHONPATH", str(STAGED))
    finding = found("flowgraphs that it starts")
    assert finding.state == "ok", finding.text()


def test_no_display(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    finding = found("display")
    assert (finding.state, "xvfb-run" in finding.remedy) == ("warning", True)
    monkeypatch.setenv("DISPLAY", ":9")
    finding = found("display")
    assert (finding.state, finding.version) == ("ok", "DISPLAY=:9")


def test_gnu_radio_and_our_blocks(tmp_path):
    assert found("GNU Radio").version.endswith(", a flowgraph runs")
    assert found("gnuradio.advphy").state == "ok"
    (tmp_path / "gnuradio").mkdir()
    (tmp_path / "gnuradio" / "__init__.py").touch()
    finding = found("gnuradio.advphy", hide(tmp_path))
    assert (finding.state, finding.remedy) == ("problem", f"make build, in {CLONE}")


def test_another_python_first_on_the_path(tmp_path, monkeypatch):
    other = tmp_path / "python3"
    other.write_text("#!/bin/sh\nexit 1\n")
    other.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    finding = found("python3 on PATH")
    assert finding.state == "warning"
    assert finding.said.startswith(f"{other}, which starts a flowgraph, has no")
    assert "export PATH=/usr/bin:$PATH" in finding.remedy


def test_the_interpreter_is_that_of_the_program(tmp_path, monkeypatch):
    program = tmp_path / "gnuradio-companion"
    python = tmp_path / "python3"  # a path without blanks
    python.symlink_to(sys.executable)
    program.write_text(f"#!{python} -u\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doctor.interpreter() == str(python)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert doctor.interpreter() == "/usr/bin/python3"
