# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of the rooms of advphy_training: no module imports upward."""

import ast

import pytest

from .test_import_table import PYTHON

# From the second floor up; all else is on the ground.
FLOORS = (
    ("attacks",),
    ("link_scheme", "semantic_scheme"),
    ("schemes", "image_attacks"),
    ("evaluate",),
    ("reproduce",),
)


def floor_of(name):
    """Return the floor of a module such as advphy_training.evaluate.secrecy."""
    room = f"{name}.".split(".")[1]
    return sum(i for i, rooms in enumerate(FLOORS, 1) if room in rooms)


def upward(name, source):
    """Return what the source of a module imports from a higher floor."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            top, _, rest = node.module.partition(".")
            if top == "advphy_training":
                found += [rest] if rest else [alias.name for alias in node.names]
    return [
        each for each in found if floor_of(f"advphy_training.{each}") > floor_of(name)
    ]


def test_no_module_imports_upward():
    found = {}
    for path in (PYTHON / "advphy_training").rglob("*.py"):
        name = ".".join(path.relative_to(PYTHON).with_suffix("").parts)
        found[name] = upward(name, path.read_text())
    assert {name: above for name, above in found.items() if above} == {}
    assert {floor_of(name) for name in found} == set(range(len(FLOORS) + 1))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("loop", "from advphy_training import progress, schemes"),
        ("attacks.fgm", "from advphy_training.schemes.eve import Scheme"),
        ("evaluate.x", "def f():\n    from advphy_training.reproduce import page"),
    ],
)
def test_an_import_upward_is_found(name, line):
    assert upward(f"advphy_training.{name}", line)
