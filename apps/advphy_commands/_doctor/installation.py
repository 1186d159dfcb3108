# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages of gr-advphy: there, of one version, of one place, built."""

import re
import sys
from pathlib import Path

from advphy_commands._doctor import OK, PROBLEM, WARNING, Finding, sentence
from advphy_commands._doctor.another_process import LackingError, ask

BUILD = "make build"
PACKAGES = ("advphy_model", "advphy_training", "advphy_figures")


def version_in(folder):
    """Return the version of the advphy_model in a folder, or None."""
    file = Path(folder) / "advphy_model" / "version.py"
    if not file.is_file():
        return None
    found = re.search(r'__version__ = "([^"]+)"', file.read_text(encoding="utf-8"))
    return found.group(1) if found else "without a version"


def _again(surroundings):
    """Return the command that brings this module's files again."""
    if surroundings.clone is None:
        return "sudo make install, in a clone"
    return f"{BUILD}, in {surroundings.clone}"


def own_packages(surroundings):
    """Find the packages, and others of the same name behind them."""
    places = list(
        dict.fromkeys(
            str(Path(folder).resolve())
            for folder in surroundings.path
            if version_in(folder or ".") is not None
        )
    )
    if not places:
        yield Finding(
            PROBLEM,
            "gr-advphy",
            said="its packages are not on the path",
            remedy=_again(surroundings),
        )
        return
    used = Path(places[0])
    missing = [name for name in PACKAGES if not (used / name / "__init__.py").is_file()]
    if missing:
        yield Finding(
            PROBLEM,
            "gr-advphy",
            f"{version_in(used)}, {used}",
            f"{', '.join(missing)} is missing there",
            _again(surroundings),
        )
    else:
        yield Finding(OK, "gr-advphy", f"{version_in(used)}, {used}")
    for other in places[1:]:
        yield _shadowed(used, other)


def _shadowed(used, other):
    mine, theirs = version_in(used), version_in(other)
    differ = mine != theirs or _differing(used, Path(other))
    said = f"there are two installations; {used} ({mine}) hides this one"
    if not differ:
        return Finding(
            OK, "second installation", f"{theirs}, {other}", "the same files"
        )
    return Finding(
        WARNING,
        "second installation",
        f"{theirs}, {other}",
        f"{said}, and they differ: a flowgraph may run the other",
        "sudo make install, in the newer clone; or remove it: sudo rm -r "
        + " ".join(
            f"{other}/{name}"
            for name in (*PACKAGES, "advphy_commands", "gnuradio/advphy")
        ),
    )


def _differing(left, right):
    """Return the names of Python files of advphy_model that differ."""
    return [
        file.name
        for file in sorted((left / "advphy_model").rglob("*.py"))
        if not (right / file.relative_to(left)).is_file()
        or (right / file.relative_to(left)).read_bytes() != file.read_bytes()
    ]


def kernels(surroundings):
    """Import the compiled kernels."""
    lines = (
        "from advphy_model import kernels\n"
        "found['set'] = kernels.instruction_set()\n"
        "found['file'] = kernels.__file__"
    )
    try:
        found = ask(lines, surroundings.path)
    except (LackingError, RuntimeError) as error:
        yield Finding(
            PROBLEM,
            "compiled kernels",
            said=f"{sentence(error)} (for {sys.executable})",
            remedy=_again(surroundings),
        )
        return
    yield Finding(OK, "compiled kernels", f"{found['set']}, {found['file']}")


def build_is_new(surroundings):
    """Compare what the clone has built with its sources."""
    clone = surroundings.clone
    if clone is None:
        return
    if not surroundings.staged.is_dir():
        yield Finding(
            PROBLEM, "build", said="nothing is built yet", remedy=_again(surroundings)
        )
        return
    built, source = version_in(surroundings.staged), version_in(clone / "python")
    if built != source:
        yield Finding(
            PROBLEM,
            "build",
            said=f"stale: what is built is {built}, the sources are {source}",
            remedy=_again(surroundings),
        )
        return
    old = _stale(clone / "python", surroundings.staged)
    if old:
        more = f" and {len(old) - 1} more" if len(old) > 1 else ""
        yield Finding(
            WARNING,
            "build",
            said=f"stale: {old[0]}{more} changed since",
            remedy=_again(surroundings),
        )
    else:
        yield Finding(OK, "build", f"{built}, as the sources")


def _stale(sources, staged):
    """Return the files whose copy differs, and C++ newer than the kernels."""
    found = []
    for file in sorted(sources.rglob("*.py")):
        name = file.relative_to(sources)
        place = "gnuradio" / name if name.parts[0] == "advphy" else name
        copy = staged / place
        if not copy.is_file() or copy.read_bytes() != file.read_bytes():
            found.append(str(name))
    compiled = [
        file.stat().st_mtime for file in staged.glob("advphy_model/kernels*.so")
    ]
    for file in sorted((sources.parent / "lib").rglob("*.[ch]*")):
        test = file.name.startswith(("qa_", "standin_"))
        if compiled and not test and file.stat().st_mtime > max(compiled):
            found.append(str(file.relative_to(sources.parent)))
    return found


CHECKS = (own_packages, build_is_new, kernels)
