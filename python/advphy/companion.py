# SPDX-License-Identifier: GPL-3.0-or-later
"""How the variables of GNU Radio Companion load models."""

import sys
from pathlib import Path

from advphy_model.link.link_model import NEAREST
from advphy_model.user_folders import user_path

# What takes a model of each kind, by its name in error texts.
TAKERS = {
    "link": "a Link Model",
    "semantic link": "a Semantic Link",
    "Eve": "an Eve Model",
    "network": "a Neural Network",
    "perturbation": "a Perturbation",
}


def model_of(kind, given):
    """Return kind.load(given) of LinkModel, SemanticLink, Eve or Perturbation.

    A relative path is looked for in the working directory, then in the folder of the
    .grc, or of the program that Companion made. ValueError as of kind.load names both.
    """
    here, folder = Path.cwd(), flowgraph_folder(sys._getframe(1))
    plain = str(given).removesuffix(NEAREST)
    if plain not in kind.names() and (found := file_of(plain, folder)):
        given = f"{found}{str(given)[len(plain) :]}"
    try:
        return kind.load(given)
    except ValueError as error:
        both = f"in {here} " if folder == here else f"in {here} or {folder} "
        text = str(error).replace(f"in {here} ", both)
        for what, taker in TAKERS.items():
            if f"one of another kind ({what})," in text:
                text += f"; in Companion use {taker} for it"
        raise type(error)(text) from None


def file_of(given, folder):
    """Return the path of a file in the working directory, else in a folder, or None."""
    paths = user_path(given), folder / given
    return next((path for path in paths if path.is_file()), None)


def flowgraph_folder(frame):
    """Return the folder of the flowgraph whose variable is evaluated in a frame."""
    file = frame.f_globals.get("__file__", "flowgraph")
    while frame is not None:  # Companion evaluates in a method of its FlowGraph
        own = getattr(frame.f_locals.get("self"), "__dict__", {})
        file = own.get("grc_file_path", "") or file
        frame = frame.f_back
    return Path(file).resolve().parent
