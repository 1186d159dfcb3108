# SPDX-License-Identifier: GPL-3.0-or-later
"""The repository agrees with itself: versions, names, files that must be there."""

import contextlib
import os
import pty
import re
import subprocess

import pytest
import yaml
from advphy_model import __version__


def test_versions_agree(clone):
    cmake = re.search(
        r"VERSION (\S+) LANGUAGES", (clone / "CMakeLists.txt").read_text()
    )
    assert cmake.group(1) == __version__
    for name in ("MANIFEST.yml", "CITATION.cff"):
        assert str(yaml.safe_load((clone / name).read_text())["version"]) == __version__
    assert f"## {__version__}" in (clone / "CHANGELOG.md").read_text()


@pytest.mark.parametrize(
    "pattern", ["python/**/*.py", "lib/**/*.cc", "lib/**/*.h", "apps/**/*.py"]
)
def test_every_source_names_its_license(clone, pattern):
    sources = list(clone.glob(pattern))
    assert sources
    for source in sources:
        assert "SPDX-License-Identifier: GPL-3.0-or-later" in source.read_text()[:200]


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_sees_how_far_a_stage_is(clone, tmp_path, terminal):
    program = "echo '[ 42%] Building'; sleep 1.5; exit 3"
    words = [clone / "setup" / "stage.sh", "compile", tmp_path / "log", "sh", "-c"]
    try:
        ours, theirs = pty.openpty()
    except OSError as error:
        pytest.skip(f"no pseudo terminal here: {error}")
    out = {"stdout": theirs if terminal else subprocess.PIPE}
    process = subprocess.Popen([*words, program], text=True, **out)
    os.close(theirs)
    shown = process.communicate()[0] or ""
    with contextlib.suppress(OSError):  # the other end is closed
        while piece := os.read(ours, 2**16):
            shown += piece.decode()
    os.close(ours)
    assert process.returncode == 3
    assert ("compile: [ 42%] 1 s" in shown, shown == "") == (terminal, not terminal)


def test_there_are_no_drawers(clone):
    drawer = re.compile(r"^(utils?|helpers?|misc|common|base|core|tools)$")
    for folder in (
        "python",
        "lib",
        "apps",
        "grc",
        "tests",
        "setup",
        "examples",
        "docs",
    ):
        for path in (clone / folder).rglob("*"):
            assert not drawer.match(path.stem), path


def test_the_guides_speak_of_every_make_target_and_link(clone):
    from advphy_model.link import links

    readme = (clone / "README.md").read_text()
    makefile = (clone / "Makefile").read_text()
    for target in re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE):
        assert f"make {target}" in readme, target
    commands = (clone / "docs" / "commands.md").read_text()
    for name in links.names():
        assert f"`{name}`" in commands, name
