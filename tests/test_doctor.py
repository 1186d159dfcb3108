# SPDX-License-Identifier: GPL-3.0-or-later
"""advphy doctor: faults are planted, and the finding and its remedy expected."""

import importlib
import json
import os
import shutil
import subprocess

import pytest

from .conftest import CLONE, STAGED
from .test_commands import ADVPHY

doctor = importlib.import_module("advphy_commands._doctor")
installation = importlib.import_module("advphy_commands._doctor.installation")
packages = importlib.import_module("advphy_commands._doctor.python_packages")
files = importlib.import_module("advphy_commands._doctor.files")
drivers = importlib.import_module("advphy_commands._doctor.drivers")
asking = importlib.import_module("advphy_commands._doctor.another_process")

MISSING = """raise ModuleNotFoundError("No module named '{0}'", name="{0}")
"""


@pytest.fixture
def surroundings():
    """Return the Surroundings of this clone."""
    return doctor.Surroundings(CLONE)


def hide(folder, *modules):
    """Put modules into a folder that say they are not there."""
    for module in modules:
        (folder / f"{module}.py").write_text(MISSING.format(module))
    return folder


def behind(folder, surroundings):
    """Return the Surroundings with a folder in front of Python's path."""
    path = (str(folder), *surroundings.path)
    return doctor.Surroundings(surroundings.clone, path=path)


def only(findings):
    (finding,) = findings
    return finding


@pytest.mark.parametrize(
    ("module", "state", "remedy"),
    [
        ("numpy", "problem", "apt install python3-numpy"),
        ("pyqtgraph", "warning", "apt install python3-pyqtgraph"),
        ("torch", "note", "pip install torch"),
        ("onnxruntime", "note", "pip install onnx onnxruntime"),
    ],
)
def test_a_module_that_is_hidden(tmp_path, surroundings, module, state, remedy):
    place = behind(hide(tmp_path, module), surroundings)
    finding = only(packages.package(module, place))
    assert (finding.state, finding.what) == (state, module)
    assert "is not installed" in finding.said
    assert remedy in finding.remedy


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (
            "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
            "crashed (SIGSEGV)",
        ),
        ("raise ValueError('an odd\\nend')", "end"),
        ("import sys\nsys.exit(3)", "it said nothing"),
    ],
)
def test_a_module_whose_import_breaks(tmp_path, surroundings, content, text):
    (tmp_path / "zmq.py").write_text(content)
    finding = only(packages.package("zmq", behind(tmp_path, surroundings)))
    assert (finding.state, finding.remedy) == (
        "warning",
        "install it again: apt install python3-zmq",
    )
    assert text in finding.said


def test_a_module_that_needs_what_is_missing(tmp_path, surroundings):
    hide(tmp_path, "cffi_of_rich")
    (tmp_path / "rich.py").write_text("import cffi_of_rich")
    finding = only(packages.package("rich", behind(tmp_path, surroundings)))
    assert "cannot be imported (No module named 'cffi_of_rich')" in finding.said


def test_a_module_that_hangs(tmp_path):
    with pytest.raises(RuntimeError, match=r"no answer within 0\.3 s"):
        asking.ask("import time\ntime.sleep(60)", patience=0.3)


def test_what_the_module_prints_does_not_matter(tmp_path):
    lines = "print('{}')\nfound['answer'] = 42"
    assert asking.ask(lines) == {"answer": 42}


def test_a_model_that_is_damaged(tmp_path, surroundings):
    shutil.copytree(STAGED / "advphy_model", tmp_path / "advphy_model")
    model = tmp_path / "advphy_model" / "trained" / "gan_mlp.safetensors"
    content = bytearray(model.read_bytes())
    content[-1] ^= 1  # one bit of the last weight
    model.write_bytes(content)
    finding = only(files.models(behind(tmp_path, surroundings)))
    assert (finding.state, finding.what) == ("problem", "model gan_mlp")
    assert "git checkout python/advphy_model/trained" in finding.remedy
    assert only(files.models(surroundings)).state == "ok"


def test_data_that_is_not_here_and_cannot_be(tmp_path, surroundings, monkeypatch):
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setenv("ADVPHY_DATA", str(blocked / "data"))
    mnist, fashion, folder = files.image_data(surroundings)
    assert (mnist.state, mnist.remedy) == ("note", "advphy data mnist")
    assert fashion.remedy == "advphy data fashion-mnist"
    assert folder.state == "warning"
    assert "export ADVPHY_DATA" in folder.remedy
    monkeypatch.setenv("ADVPHY_DATA", str(tmp_path / "data"))
    assert list(files.image_data(surroundings))[-1].state == "ok"


def test_a_driver_that_is_missing(tmp_path, surroundings):
    hide(tmp_path, "osmosdr")
    finding = only(drivers._driver("osmosdr", behind(tmp_path, surroundings)))
    assert (finding.state, finding.remedy) == ("note", "apt install gr-osmosdr")


def test_devices_only_when_they_are_asked_for(tmp_path, monkeypatch):
    program = tmp_path / "uhd_find_devices"
    program.write_text("#!/bin/sh\necho '    serial: 30F1'\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert list(drivers._devices("uhd", doctor.Surroundings(CLONE))) == []
    found = only(drivers._devices("uhd", doctor.Surroundings(CLONE, devices=True)))
    assert (found.state, found.version) == ("ok", "serial: 30F1")


def test_a_check_that_raises_is_a_problem(monkeypatch, surroundings):
    def odd_check(_):
        yield doctor.Finding(doctor.OK, "something")
        raise KeyError("a key\nof two lines")

    monkeypatch.setattr(files, "CHECKS", (odd_check,))
    monkeypatch.setattr(doctor, "SUBJECTS", ("files", "no_such_subject"))
    found = [each for _, _, each in doctor.examine(surroundings)]
    assert [f.state for f in found[0]] == ["ok", "problem"]
    assert "a key" in found[0][1].said
    assert "\n" not in found[0][1].text()
    assert only(found[1]).what == "no such subject"


def test_a_line_says_state_version_and_remedy():
    finding = doctor.Finding("problem", "kernels", "3.10", "too old", "make build")
    assert finding.text() == "problem  kernels (3.10): too old  -> make build"


def test_the_command_without_numpy_and_gnu_radio(tmp_path):
    hide(
        tmp_path,
        "numpy",
        "gnuradio",
        "tqdm",
        "torch",
        "scipy",
        "matplotlib",
        "PyQt5",
        "distributed",
        "onnxruntime",
    )
    done = subprocess.run(
        [ADVPHY, "doctor", "--json"],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )
    assert (done.returncode, done.stderr) == (1, "")
    said = json.loads(done.stdout)
    found = {each["what"]: each for each in said["findings"]}
    assert (said["command"], said["version"][:2]) == ("doctor", "0.")
    for what, remedy in (
        ("numpy", "apt install python3-numpy"),
        ("GNU Radio", "apt install gnuradio"),
        ("gnuradio.advphy", "apt install gnuradio"),
        ("shipped models", "apt install python3-numpy"),
    ):
        assert found[what]["state"] == "problem", what
        assert remedy in found[what]["remedy"] or what == "GNU Radio", what
    problems = [f for f in said["findings"] if f["state"] == "problem"]
    assert said["counts"]["problem"] == len(problems)
    assert all(each["remedy"] for each in problems)
