# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of numpy on Python's path, of which the first hides the others."""

import re
import sys
from importlib.metadata import distributions
from pathlib import Path


def numpy_copies() -> dict:
    """Return {folder: version} of all copies, in the order of sys.path."""
    folders = dict.fromkeys(Path(folder).resolve() for folder in sys.path)
    holding = (at for at in folders if (at / "numpy" / "__init__.py").is_file())
    return {folder: _version(folder) for folder in holding}


def hidden_numpy() -> str:
    """Return a sentence if one numpy hides another, which packages need, or ""."""
    copies = [f"numpy {version} in {at}" for at, version in numpy_copies().items()]
    if len(copies) < 2:
        return ""
    return (
        f"{copies[0]} hides {', '.join(copies[1:])}, for which the packages there are "
        "built; take the first folder off PYTHONPATH, or give "
        "`python3 -m pip uninstall numpy`"
    )


def _version(folder):
    for known in distributions(name="numpy", path=[str(folder)]):
        return known.version
    for name in ("version.py", "__init__.py"):
        file = folder / "numpy" / name
        text = file.read_text("utf-8", "replace") if file.is_file() else ""
        if found := re.search(r"version\w* *= *[\"'](\d[^\"']*)", text):
            return found.group(1)
    return "of an unknown version"
