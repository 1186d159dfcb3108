# SPDX-License-Identifier: GPL-3.0-or-later
"""advphy doctor: stale builds, two installations, kernels that are missing."""

import importlib
import os
import shutil

import pytest

from .conftest import CLONE, STAGED

doctor = importlib.import_module("advphy_commands._doctor")
installation = importlib.import_module("advphy_commands._doctor.installation")


def only(findings):
    (finding,) = findings
    return finding


@pytest.fixture
def fake_clone(tmp_path):
    """Return a folder like a clone that has been built."""
    clone = tmp_path / "clone"
    for folder in ("python", "build/test_modules"):
        package = clone / folder / "advphy_model"
        package.mkdir(parents=True)
        (package / "version.py").write_text('__version__ = "9.9.9"\n')
    (clone / "lib").mkdir()
    (clone / "CMakeLists.txt").touch()
    return clone


def test_a_build_as_its_sources(fake_clone):
    finding = only(installation.build_is_new(doctor.Surroundings(fake_clone)))
    assert (finding.state, finding.version) == ("ok", "9.9.9, as the sources")


def test_a_build_of_another_version(fake_clone):
    file = fake_clone / "build" / "test_modules" / "advphy_model" / "version.py"
    file.write_text('__version__ = "9.9.8"\n')
    finding = only(installation.build_is_new(doctor.Surroundings(fake_clone)))
    assert finding.state == "problem"
    assert "what is built is 9.9.8, the sources are 9.9.9" in finding.said
    assert finding.remedy == f"make build, in {fake_clone}"


def test_a_build_before_a_change(fake_clone):
    (fake_clone / "python" / "advphy_model" / "power.py").write_text("new = 1\n")
    kernels = fake_clone / "build" / "test_modules" / "advphy_model" / "kernels.x.so"
    kernels.touch()
    os.utime(kernels, (1e9, 1e9))
    (fake_clone / "lib" / "network.cc").touch()
    finding = only(installation.build_is_new(doctor.Surroundings(fake_clone)))
    assert (finding.state, finding.remedy) == (
        "warning",
        f"make build, in {fake_clone}",
    )
    assert finding.said == "stale: advphy_model/power.py and 1 more changed since"


def test_nothing_is_built(fake_clone):
    shutil.rmtree(fake_clone / "build")
    finding = only(installation.build_is_new(doctor.Surroundings(fake_clone)))
    assert (finding.state, finding.remedy) == (
        "problem",
        f"make build, in {fake_clone}",
    )


def test_one_installation_that_hides_another(fake_clone):
    other = fake_clone / "python"
    path = (str(STAGED), str(other))
    mine, hidden = installation.own_packages(doctor.Surroundings(CLONE, path=path))
    assert mine.state == "ok"
    assert str(STAGED) in mine.version
    assert hidden.state == "warning"
    assert hidden.version == f"9.9.9, {other}"
    assert f"sudo rm -r {other}/advphy_model" in hidden.remedy


def test_packages_that_are_nowhere(tmp_path):
    place = doctor.Surroundings(None, path=(str(tmp_path),))
    finding = only(installation.own_packages(place))
    assert (finding.state, finding.remedy) == (
        "problem",
        "sudo make install, in a clone",
    )


def test_kernels_that_are_missing(tmp_path):
    shutil.copytree(
        STAGED / "advphy_model",
        tmp_path / "advphy_model",
        ignore=shutil.ignore_patterns("*.so", "trained"),
    )
    path = (str(tmp_path), *doctor.Surroundings(CLONE).path)
    place = doctor.Surroundings(CLONE, path=path)
    finding = only(installation.kernels(place))
    assert (finding.state, finding.remedy) == ("problem", f"make build, in {CLONE}")
