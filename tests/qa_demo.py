# SPDX-License-Identifier: GPL-3.0-or-later
"""advphy demo: what its window lists, starts and stops."""

import os
from pathlib import Path

import pytest
from advphy_commands import _demo_window, demo
from advphy_commands._demo_window import DemoWindow
from PyQt5 import QtCore, QtTest

from .commands import refused
from .display_events import application, attend, until

# In place of grcc: makes a program that says that it runs, and stays. One example
# cannot be compiled, one takes long.
GRCC = """#!/bin/sh
name=$(basename "$3" .grc)
[ $name = attacked_picture ] && { echo no such block; exit 1; }
[ $name = defended_link ] && { echo up; exec sleep 600; }
cat >$2/$name.py <<END
import os, signal, time
if "$name" == "secure_semantic": signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(600)
END
"""


@pytest.fixture
def window(tmp_path, request):
    kept = application()
    variables = demo.environment()
    if request.function is not test_an_example_runs:
        (tmp_path / "grcc").write_text(GRCC)
        (tmp_path / "grcc").chmod(0o755)
        variables["PATH"] = f"{tmp_path}:{os.environ['PATH']}"
    window = DemoWindow(demo.examples(), tmp_path, variables)
    window.kept = kept
    window.show()
    yield window
    window.close()
    assert not any(program.running for program in window.programs)


def wait_until_up(program):
    until(lambda: b"up" in program._said)


def select(window, name):
    names = [program.objectName() for program in window.programs]
    window.list.setCurrentRow(names.index(name))
    return window.selected


def click(window):
    QtTest.QTest.mouseClick(window.button, QtCore.Qt.LeftButton)


def test_the_examples_are_described_by_their_flowgraphs(window):
    select(window, "defended_link")
    assert window.title.text() == "An attacked link and a canceller"
    assert window.sentence.text().startswith("A link under attack with and without")
    assert not window.picture.pixmap().isNull()
    titles = [window.list.item(i).text() for i in range(window.list.count())]
    assert len(set(titles)) == len(titles) > 15
    assert "Alice (four_radios_alice)" in titles


def test_letters_are_larger_than_those_of_other_windows(window):
    usual = window.kept.font().pointSizeF()
    assert window.font().pointSizeF() == pytest.approx(1.25 * usual)
    assert window.sentence.font().pointSizeF() == pytest.approx(1.25 * usual)


def test_a_click_starts_and_stops(window):
    program = select(window, "attacked_audio")
    click(window)
    assert window.button.text() == "Stop"
    wait_until_up(program)
    click(window)
    until(lambda: window.button.text() == "Start")
    assert window.state.text() == ""


def test_the_space_bar_stops_one_and_starts_the_next(window):
    first = select(window, "attacked_audio")
    click(window)
    wait_until_up(first)
    QtTest.QTest.keyClick(window, QtCore.Qt.Key_Space)
    assert window.selected is not first
    wait_until_up(window.selected)
    until(lambda: not first.running)


def test_one_that_does_not_end_is_ended(window, monkeypatch):
    monkeypatch.setattr(_demo_window, "PATIENCE_MS", 200)
    program = select(window, "secure_semantic")
    click(window)
    wait_until_up(program)
    click(window)
    until(lambda: not program.running)


def test_one_that_is_still_compiled_is_ended(window):
    program = select(window, "defended_link")
    until(window.isActiveWindow)
    QtTest.QTest.keyClick(window, QtCore.Qt.Key_Return)
    wait_until_up(program)
    compiler = int(program.processId())
    assert b"sleep" in Path(f"/proc/{compiler}/cmdline").read_bytes()
    QtTest.QTest.keyClick(window, QtCore.Qt.Key_Enter)
    until(lambda: not program.running)
    assert not Path(f"/proc/{compiler}").exists()
    assert window.state.text() == ""


def test_the_next_run_is_not_ended_by_the_patience_with_the_last(window, monkeypatch):
    monkeypatch.setattr(_demo_window, "PATIENCE_MS", 500)
    program = select(window, "attacked_audio")
    for _ in range(2):
        click(window)
        wait_until_up(program)
        click(window)
        until(lambda: not program.running)
    click(window)
    attend(0.8)
    assert program.running


def test_what_fails_is_said(window):
    select(window, "attacked_picture")
    click(window)
    until(lambda: "no such block" in window.state.text())
    assert window.button.text() == "Start"


def test_an_example_runs(window, tmp_path):
    program = select(window, "autoencoder_loopback")
    click(window)
    until((tmp_path / "autoencoder_loopback.py").is_file)
    attend(3)
    assert program.running, program._said
    click(window)
    until(lambda: not program.running)
    assert not program.failure


def test_what_is_missing_is_said(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    assert "there is no grcc" in refused("demo")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert "there is no screen for the window" in refused("demo")
