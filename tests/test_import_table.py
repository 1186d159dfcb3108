# SPDX-License-Identifier: GPL-3.0-or-later
"""The import table: which package may import what."""

import ast
import sys
from pathlib import Path, PurePath

import pytest

PYTHON = Path(__file__).resolve().parent.parent / "python"
ALLOWED = {
    "advphy_model": {"numpy", "advphy_model"},
    "advphy": {"numpy", "advphy_model", "gnuradio", "pmt", "zmq"},
    "advphy_figures": {"numpy", "advphy_model", "advphy_figures", "matplotlib"},
    "advphy_training": {
        "numpy",
        "advphy_model",
        "advphy_figures",
        "advphy_training",
        "torch",
    },
}
# Only inside a function: scipy is slow to import, the others are there to compare with.
INSIDE_FUNCTIONS = {
    "advphy_model": set(
        "scipy distributed cryptography pooch fastjsonschema PIL".split()
    ),
    "advphy": {"onnxruntime"},
    "advphy_training": {"scipy", "onnx", "onnxruntime", "google"},
}
# Qt stands in modules of display/ that a function imports: the blocks work without it.
QT = {"PyQt5", "sip", "pyqtgraph"}
WITH_QT = "advphy/display/*_window.py", "advphy/display/*_items.py"
# gr-osmosdr is optional, and not a part of the package gnuradio.
RADIOS = {"advphy/air/radio.py": {"osmosdr"}}


def forbidden_imports(source, package, file=None):
    """Return the imports of a source that the table forbids, as (line, name)."""
    tree = ast.parse(source)
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module]
        else:
            continue
        for name in names:
            top = name.partition(".")[0]
            allowed = ALLOWED[package] | set(sys.stdlib_module_names)
            if has_qt(file):
                allowed |= QT
            if id(node) in inside:
                allowed |= INSIDE_FUNCTIONS.get(package, set())
                allowed |= RADIOS.get(file, set())
            if top not in allowed:
                found.append((node.lineno, name))
    return found


def has_qt(file):
    """Return whether a module may import Qt at its top, so is itself imported late."""
    return file is not None and any(PurePath(file).match(form) for form in WITH_QT)


def file_of(path):
    """Return the name by which WITH_QT and RADIOS know a source."""
    return path.relative_to(PYTHON).as_posix()


@pytest.mark.parametrize("package", ALLOWED)
def test_package_imports_only_what_the_table_allows(package):
    sources = sorted((PYTHON / package).rglob("*.py"))
    assert sources
    found = {
        str(path): bad
        for path in sources
        if (bad := forbidden_imports(path.read_text(), package, file_of(path)))
    }
    assert found == {}


def test_every_package_is_in_the_table():
    assert {path.name for path in PYTHON.iterdir() if path.is_dir()} == set(ALLOWED)


@pytest.mark.parametrize(
    ("source", "package"),
    [
        ("import torch", "advphy_model"),
        ("from gnuradio import gr", "advphy_training"),
        ("import scipy.stats", "advphy_model"),
        ("def f():\n    import torch", "advphy"),
    ],
)
def test_a_forbidden_import_is_found(source, package):
    assert forbidden_imports(source, package)


def imported_at_the_top(path):
    """Return the stems of the modules beside it that a source imports at its top."""
    tree = ast.parse(path.read_text())
    parts = [n for n in tree.body if isinstance(n, ast.ImportFrom) and n.level]
    names = [alias.name for part in parts for alias in part.names]
    return {*names, *(part.module.rpartition(".")[2] for part in parts if part.module)}


def test_modules_with_qt_are_imported_by_functions_or_by_their_kind():
    displays = sorted((PYTHON / "advphy" / "display").glob("*.py"))
    with_qt = {path.stem for path in displays if has_qt(file_of(path))}
    assert {"display_window", "plot_items", "panels_window"} < with_qt
    for path in (PYTHON / "advphy").rglob("*.py"):
        if path.stem not in with_qt:
            assert not imported_at_the_top(path) & with_qt, path
    source, display = "import pyqtgraph", "advphy/display/onset_{}.py"
    assert not forbidden_imports(source, "advphy", display.format("window"))
    assert forbidden_imports(source, "advphy", display.format("record"))


def test_radios_are_imported_inside_the_functions_of_one_file():
    (file,) = RADIOS
    assert (PYTHON / file).is_file()
    assert forbidden_imports("import osmosdr", "advphy", file)
    inside = "def f():\n    import osmosdr"
    assert not forbidden_imports(inside, "advphy", file)
    assert forbidden_imports(inside, "advphy", "advphy/air/sdr_sink.py")


# The rooms of advphy_model; each imports only those before it, and the ground: the
# files that stand in no room.
ROOMS = ("ground", "network", "link", "air", "receive", "modem", "files", "measure")


def room_of(path):
    room = path.relative_to(PYTHON / "advphy_model").parts[0]
    return room if room in ROOMS else "ground"


def arrows_of(source, room):
    """Return the (room, other room) that the imports of a source make."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and not node.level:
            top, *below = node.module.split(".")
            names = below[:1] or [alias.name for alias in node.names]
            if top == "advphy_model":
                found |= {(room, n if n in ROOMS else "ground") for n in names}
    return {(a, b) for a, b in found if a != b}


def test_no_room_imports_one_that_comes_after_it():
    arrows = set()
    for path in (PYTHON / "advphy_model").rglob("*.py"):
        arrows |= arrows_of(path.read_text(), room_of(path))
    assert ("measure", "link") in arrows
    upward = [(a, b) for a, b in arrows if ROOMS.index(a) < ROOMS.index(b)]
    assert upward == []
    assert len(arrows) <= 45
    assert len(ROOMS) <= 8  # the ground and seven floors


def test_an_import_of_a_later_room_is_found():
    source = "from advphy_model.measure import table\nfrom advphy_model import kernels"
    assert arrows_of(source, "link") == {("link", "measure"), ("link", "ground")}
