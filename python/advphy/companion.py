# SPDX-License-Identifier: GPL-3.0-or-later
"""What the variables of GNU Radio Companion need."""

import sys
from pathlib import Path

from advphy_model.link.link_model import NEAREST
from advphy_model.user_folders import user_path


def model_of(kind, given):
    """Return kind.load(given), a model by name or file, for a variable of Companion.

    A relative path is looked for in the working directory, then beside the flowgraph:
    in the folder of the .grc, or of the program that Companion made.

    Args:
        kind: LinkModel, SemanticLink, Eve or Perturbation.
        given: name or file, or a model, which is returned unchanged.

    Raises ValueError as kind.load does; the text has both folders.
    """
    if not isinstance(given, str) or user_path(given).is_absolute():
        return kind.load(given)
    plain = given.removesuffix(NEAREST)
    beside = _flowgraph_folder(sys._getframe(1)) / plain
    if beside.is_file() and not Path(plain).is_file() and plain not in kind.names():
        return kind.load(f"{beside}{given[len(plain) :]}")
    try:
        return kind.load(given)
    except ValueError as error:
        here, there = str(Path.cwd()), str(beside.parent)
        if there == here or f"in {here} " not in str(error):
            raise
        said = str(error).replace(f"in {here} ", f"in {here} or {there} ")
        raise type(error)(said) from None


def _flowgraph_folder(frame):
    """Return the folder of the flowgraph whose variable is evaluated in a frame."""
    program = frame.f_globals.get("__file__", "")
    while frame is not None:
        # Companion evaluates variables at a method of its FlowGraph.
        file = getattr(frame.f_locals.get("self"), "grc_file_path", "")
        if file:
            return Path(file).resolve().parent
        frame = frame.f_back
    return Path(program).resolve().parent if program else Path.cwd()
