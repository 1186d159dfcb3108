# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio Companion: the program, its window, and whether it finds our blocks."""

import os
import shutil
from pathlib import Path

from advphy_commands._doctor import OK, PROBLEM, WARNING, Finding, sentence
from advphy_commands._doctor.another_process import LackingError, ask
from advphy_commands._doctor.flowgraphs import _BLOCKS, INSTALL, THE_PYTHON

PROGRAM = "gnuradio-companion"
GTK = "apt install gir1.2-gtk-3.0 python3-gi-cairo"
_GTK = """
import gi
for name, version in (('Gtk', '3.0'), ('PangoCairo', '1.0')):
    try:
        gi.require_version(name, version)
    except ValueError as error:
        raise ImportError(str(error), name=name)
gi.require_foreign('cairo', 'Context')
from gi.repository import Gtk
found['version'] = f'GTK {Gtk.get_major_version()}.{Gtk.get_minor_version()}'
"""
_PATHS = """
from gnuradio import gr
from gnuradio.grc.core.Config import Config
found['paths'] = Config(gr.version(), prefs=gr.prefs()).block_paths
"""


def interpreter():
    """Return the Python that GNU Radio Companion runs with."""
    program = shutil.which(PROGRAM)
    if program is not None:
        with open(program, "rb") as file:
            first = file.readline().decode(errors="replace").strip()
        words = first.removeprefix("#!").split()
        if words and first.startswith("#!") and Path(words[0]).name != "env":
            return words[0]
    return THE_PYTHON


def program(surroundings):
    """Find the program, and what its window needs."""
    found = shutil.which(PROGRAM)
    if found is None:
        yield Finding(
            WARNING, "GNU Radio Companion", said="is not installed", remedy=INSTALL
        )
        return
    try:
        version = ask(_GTK, python=interpreter())["version"]
    except (LackingError, RuntimeError) as error:
        remedy = GTK
        if surroundings.clone is not None:
            remedy += f", or make grc in {surroundings.clone}"
        yield Finding(
            WARNING,
            "GNU Radio Companion",
            found,
            f"its window does not open: {sentence(error)}",
            remedy,
        )
        return
    yield Finding(OK, "GNU Radio Companion", f"{found}, {version}")


def display(_):
    """Ask for a screen."""
    for name in ("WAYLAND_DISPLAY", "DISPLAY"):
        if os.environ.get(name):
            yield Finding(OK, "display", f"{name}={os.environ[name]}")
            return
    yield Finding(
        WARNING,
        "display",
        said="there is none, so no window opens",
        remedy="log in at a desktop, or with ssh -X; without a screen: "
        "xvfb-run -a COMMAND",
    )


def block_paths():
    """Return the folders where GNU Radio Companion looks for blocks."""
    return [Path(path) for path in ask(_PATHS, python=interpreter())["paths"]]


def blocks_found(surroundings):
    """Look for our blocks where GNU Radio Companion does."""
    clone = surroundings.clone
    try:
        paths = block_paths()
    except LackingError as error:
        yield Finding(
            PROBLEM,
            "blocks in GNU Radio Companion",
            said=sentence(error),
            remedy=INSTALL,
        )
        return
    holding = [path for path in paths if next(path.rglob("*advphy_*.block.yml"), None)]
    if not holding:
        yield _none_found(clone, paths)
        return
    found = {file.name for file in holding[0].rglob("*advphy_*.block.yml")}
    missing = sorted(_wanted(surroundings) - found)
    if missing:
        yield Finding(
            PROBLEM,
            "blocks in GNU Radio Companion",
            str(holding[0]),
            f"{', '.join(missing)} is missing",
            _bring(clone),
        )
    else:
        yield Finding(
            OK, "blocks in GNU Radio Companion", f"{len(found)} files, {holding[0]}"
        )
    for other in holding[1:]:
        yield _twice(holding[0], other)


def _none_found(clone, paths):
    said = f"not in {', '.join(map(str, paths)) or 'any folder: its path is empty'}"
    state, remedy = PROBLEM, _bring(clone)
    if clone is not None:
        state = WARNING  # `make grc` says where they are
        remedy = f"make grc, in {clone}; or {remedy}; or {_exports(clone)}"
    return Finding(state, "blocks in GNU Radio Companion", said=said, remedy=remedy)


def _bring(clone):
    return f"sudo make install, in {clone or 'a clone'}"


def _exports(clone):
    return f"export GRC_BLOCKS_PATH={clone}/grc PYTHONPATH={clone}/build/test_modules"


def _wanted(surroundings):
    """Return the names of the files that there should be."""
    if surroundings.clone is not None:
        return {file.name for file in (surroundings.clone / "grc").glob("*.block.yml")}
    try:
        blocks = ask(_BLOCKS, surroundings.path)["blocks"]
    except (LackingError, RuntimeError):
        return set()
    return {f"advphy_{name}.block.yml" for name in blocks}


def _twice(used, other):
    """Return the Finding for two folders with our blocks."""

    def contents(folder):
        return {
            file.name: file.read_bytes() for file in folder.rglob("*advphy_*.block.yml")
        }

    if contents(used) == contents(other):
        return Finding(OK, "blocks a second time", f"{other}", "the same files")
    return Finding(
        WARNING,
        "blocks a second time",
        str(other),
        f"they differ from those in {used}; the last that is read wins",
        f"sudo make install, in the newer clone; or sudo rm "
        f"{other}/*advphy_*.block.yml",
    )


def its_python(surroundings):
    """Import gnuradio.advphy as a flowgraph started by GNU Radio Companion does."""
    python = interpreter()
    try:
        found = ask(_BLOCKS, python=python)
    except (LackingError, RuntimeError) as error:
        clone = surroundings.clone
        yield Finding(
            WARNING if clone is not None else PROBLEM,
            "flowgraphs that it starts",
            python,
            f"it does not import gnuradio.advphy: {sentence(error)}",
            _bring(None)
            if clone is None
            else f"make grc, in {clone}; or {_bring(clone)}; or {_exports(clone)}",
        )
        return
    where = Path(found["file"]).parent
    yield Finding(
        OK, "flowgraphs that it starts", f"{python}, {found['version']}, {where}"
    )


CHECKS = (program, display, blocks_found, its_python)
