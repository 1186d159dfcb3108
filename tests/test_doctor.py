# SPDX-License-Identifier: GPL-3.0-or-later
"""advphy doctor: faults are planted, and the finding and its remedy expected."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from .commands import ADVPHY
from .conftest import CLONE, STAGED

doctor = importlib.import_module("advphy_commands.doctor")


class Place(NamedTuple):
    """Where the command is, and the path of its process."""

    clone: Path | None
    devices: bool = False
    path: tuple = tuple(sys.path)


HERE = Place(CLONE)
MISSING = """raise ModuleNotFoundError("No module named '{0}'", name="{0}")
"""


def found(what, place=HERE):
    """Return the Finding of one check."""
    checks = doctor.checks(place.clone, place.devices)
    (check,) = (check for check in checks if check.what == what)
    return check.finding(place.path)


def hide(folder, *modules):
    """Return a Place whose path begins with a folder in which modules are missing."""
    for module in modules:
        (folder / f"{module}.py").write_text(MISSING.format(module))
    return Place(CLONE, path=(str(folder), *HERE.path))


@pytest.mark.parametrize(
    ("module", "state", "remedy"),
    [
        ("numpy", "problem", "apt install python3-numpy"),
        ("pyqtgraph", "warning", "apt install python3-pyqtgraph"),
        ("torch", "note", "pip install torch"),
        ("osmosdr", "note", "apt install gr-osmosdr"),
    ],
)
def test_a_module_that_is_hidden(tmp_path, module, state, remedy):
    finding = found(module, hide(tmp_path, module))
    assert (finding.state, finding.what) == (state, module)
    assert f"No module named '{module}'; " in finding.said
    assert remedy in finding.remedy


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (
            "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
            "crashed (SIGSEGV)",
        ),
        ("raise ValueError('an odd\\nend')", "an odd end"),
        ("import os\nos._exit(3)", "it printed no error"),
    ],
)
def test_a_module_whose_import_breaks(tmp_path, content, text):
    (tmp_path / "zmq.py").write_text(content)
    finding = found("zmq", hide(tmp_path))
    assert (finding.state, finding.remedy) == ("warning", "apt install python3-zmq")
    assert text in finding.said


def test_a_module_that_needs_what_is_missing(tmp_path):
    (tmp_path / "tqdm.py").write_text("import scipy")
    finding = found("tqdm", hide(tmp_path, "scipy"))
    assert "No module named 'scipy'" in finding.said
    assert finding.remedy == "apt install python3-scipy"


def test_a_module_that_hangs_and_one_that_prints(tmp_path):
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(60)")
    (tmp_path / "loud.py").write_text("print('{}')\n__version__ = '42'")
    path, python = hide(tmp_path).path, sys.executable
    said = doctor.ask(path, python, "module", "slow", patience=0.3)
    assert said == {"broken": "no answer within 0.3 s"}
    assert doctor.ask(path, python, "module", "loud") == {"version": "42"}


def test_a_model_that_is_damaged(tmp_path):
    shutil.copytree(STAGED / "advphy_model", tmp_path / "advphy_model")
    model = tmp_path / "advphy_model" / "trained" / "gan_mlp.safetensors"
    content = bytearray(model.read_bytes())
    content[-1] ^= 1  # one bit of the last weight
    model.write_bytes(content)
    finding = found("shipped models", hide(tmp_path))
    assert finding.state == "problem"
    assert "gan_mlp.safetensors" in finding.said
    assert "git checkout python/advphy_model/trained" in finding.remedy
    assert found("shipped models").state == "ok"


def test_data_that_is_not_here(no_data):
    finding = found("images of mnist")
    assert (finding.state, finding.remedy) == ("note", "advphy data mnist")


def test_devices_only_when_they_are_asked_for(tmp_path, monkeypatch):
    program = tmp_path / "uhd_find_devices"
    program.write_text("#!/bin/sh\necho '    serial: 30F1'\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    names = [check.what for check in doctor.checks(CLONE)]
    assert [name for name in names if "devices" in name] == []
    finding = found("devices of uhd", Place(CLONE, devices=True))
    assert (finding.state, finding.version) == ("ok", "serial: 30F1")


def test_a_line_says_state_version_and_remedy():
    finding = doctor.Finding("problem", "kernels", "3.10", "too old", "make build")
    assert finding.text() == "problem  kernels (3.10): too old  -> make build"


def test_the_command_without_numpy_and_gnu_radio(tmp_path):
    others = ("torch", "scipy", "matplotlib", "PyQt5", "distributed", "onnxruntime")
    hide(tmp_path, "numpy", "gnuradio", "tqdm", *others)
    done = subprocess.run(
        [ADVPHY, "doctor", "--json"],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )
    assert (done.returncode, done.stderr) == (1, "")
    said = json.loads(done.stdout)
    findings = {each["what"]: each for each in said["findings"]}
    assert (said["command"], said["version"][:2]) == ("doctor", "0.")
    for what, remedy in (
        ("numpy", "apt install python3-numpy"),
        ("GNU Radio", "apt install gnuradio"),
        ("gnuradio.advphy", "apt install gnuradio"),
        ("shipped models", "apt install python3-numpy"),
    ):
        assert findings[what]["state"] == "problem", what
        assert remedy in findings[what]["remedy"], what
    problems = [f for f in said["findings"] if f["state"] == "problem"]
    assert said["counts"]["problem"] == len(problems)
    assert all(each["remedy"] for each in problems)


@pytest.fixture
def fake_clone(tmp_path):
    """Return a folder like a clone that has been built."""
    clone = tmp_path / "clone"
    for folder in ("python", "build/test_modules"):
        package = clone / folder / "advphy_model"
        package.mkdir(parents=True)
        (package / "version.py").write_text('__version__ = "9.9.9"\n')
    (clone / "lib").mkdir()
    return clone


def test_a_build_and_its_sources(fake_clone):
    place, built = Place(fake_clone), fake_clone / "build" / "test_modules"
    remedy = f"make build, in {fake_clone}"
    finding = found("build", place)
    assert (finding.state, finding.version) == ("ok", "9.9.9, as the sources")
    (fake_clone / "python" / "advphy_model" / "power.py").write_text("new = 1\n")
    kernels = built / "advphy_model" / "kernels.x.so"
    kernels.touch()
    os.utime(kernels, (1e9, 1e9))
    (fake_clone / "lib" / "network.cc").touch()
    (fake_clone / "lib" / "qa_network.cc").touch()
    finding = found("build", place)
    assert (finding.state, finding.remedy) == ("warning", remedy)
    assert (
        finding.said
        == "stale: advphy_model/power.py and 1 more changed since the build"
    )
    (built / "advphy_model" / "version.py").write_text('__version__ = "9.9.8"\n')
    finding = found("build", place)
    assert (finding.state, finding.remedy) == ("problem", remedy)
    assert "version 9.9.8 is built, the sources are 9.9.9" in finding.said
    shutil.rmtree(built)
    finding = found("build", place)
    assert (finding.state, finding.said) == ("problem", "nothing is built yet")


def test_one_installation_that_hides_another(fake_clone):
    other = fake_clone / "python"
    finding = found("gr-advphy", Place(CLONE, path=(str(STAGED), str(other))))
    assert finding.state == "warning"
    assert f"{STAGED} (" in finding.said
    assert f"hides {other} (9.9.9)" in finding.said
    assert "remove one" in finding.remedy


def test_the_clone_is_found_from_a_file_of_it(tmp_path):
    assert doctor.clone_of() == CLONE
    assert doctor.clone_of(tmp_path / "apps" / "advphy_commands" / "doctor.py") is None


def test_packages_that_are_nowhere(tmp_path):
    finding = found("gr-advphy", Place(None, path=(str(tmp_path),)))
    assert finding.state == "problem"
    assert finding.remedy.startswith("sudo make install, in a clone")


def test_kernels_that_are_missing(tmp_path):
    ignored = shutil.ignore_patterns("*.so", "trained")
    copy = tmp_path / "advphy_model"
    shutil.copytree(STAGED / "advphy_model", copy, ignore=ignored)
    finding = found("compiled kernels", hide(tmp_path))
    assert (finding.state, finding.remedy) == ("problem", f"make build, in {CLONE}")
