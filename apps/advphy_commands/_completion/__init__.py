# SPDX-License-Identifier: GPL-3.0-or-later
"""Completion for shells: scripts that say what may stand where, made of the parser.

A script holds everything, so that a TAB starts no Python. What an argument takes is
told by its choices or its metavar: one table for all commands.
"""

import argparse
import importlib.util
import pkgutil
import re
from dataclasses import dataclass

from advphy_model.link.eavesdropper import Eve
from advphy_model.link.semantic_link import SemanticLink

from advphy_commands import _parser, _radio_settings

# Commands whose LINK is of one kind only; elsewhere both are offered.
_MESSAGES = (
    "measure",
    "measure-burst",
    "attack",
    "evaluate",
    "synchronism",
    "radio check",
)
_SEMANTIC = ("measure-semantic", "adapt-eve")


@dataclass(frozen=True)
class Takes:
    """What an argument takes: some words, files by their ending, or folders.

    Args:
        words: that are offered.
        files: ending of the files that are offered; "" for all files; None for none.
        folders: whether folders are offered.
    """

    words: tuple = ()
    files: str | None = None
    folders: bool = False


@dataclass(frozen=True)
class Command:
    """A command and its arguments.

    Args:
        name: such as "measure" or "radio tx".
        options: {"--name": Takes, or None for one that takes nothing}.
        said: {"--name": its help}.
        operands: Takes of each, in their order.
        repeats: whether there may be more of the last operand.
    """

    name: str
    options: dict
    said: dict
    operands: tuple
    repeats: bool


def commands():
    """Return the Commands there are."""
    known, found = _names(), []
    top = _parser.parser()
    for name, parser in _parser.leaves(top):
        options, said, operands, repeats = {"--help": None}, {}, [], False
        for action in parser._actions:
            takes = _takes(name, action, known)
            if action.option_strings:
                for each in action.option_strings:
                    if each.startswith("--"):
                        options[each], said[each] = takes, _help(action)
            else:
                operands.append(takes)
                repeats = action.nargs in ("+", "*")
        found.append(Command(name, options, said, tuple(operands), repeats))
    return found


def groups():
    """Return {command: its actions} of those that have some: {"radio": (...)}."""
    found = {}
    for command in commands():
        first, _, second = command.name.partition(" ")
        found.setdefault(first, []).extend([second] if second else [])
    return {name: tuple(actions) for name, actions in found.items()}


def _help(action):
    said = (action.help or "").partition(" (default")[0].replace("%%", "%")
    return said if action.help is not argparse.SUPPRESS else ""


def _takes(command, action, known):
    """Return what an argument takes; None for an option without a value."""
    if action.nargs == 0 or action.dest == "json":
        return None
    if action.choices:
        return Takes(tuple(map(str, action.choices)))
    metavar = action.metavar or action.dest.upper()
    if metavar == "LINK" and command in _MESSAGES:
        return Takes(known["links"], ".safetensors")
    if metavar == "LINK" and command == "info":
        every = (*known["links"], *known["semantic"], *known["eves"], "channels")
        return Takes(every, ".safetensors")
    if metavar == "LINK" and command in _SEMANTIC:
        return Takes(known["semantic"], ".safetensors")
    if metavar in known["metavars"]:
        return known["metavars"][metavar]
    ending = re.search(r"\.[a-z0-9-]+$", metavar)
    if ending:
        return Takes(files=ending.group())
    parts = [part for part in metavar.split("|") if "|" in metavar and part.islower()]
    return Takes(tuple(parts))


def _names():
    """Return the names that there are of everything that has names."""
    from advphy_model.files import images
    from advphy_model.link import links

    messages, semantic = tuple(links.names()), tuple(SemanticLink.names())
    eves = tuple(Eve.names())
    attacks = tuple(_files_of("advphy_training.attacks"))
    figures = [
        name.replace("_", "-") for name in _files_of("advphy_training.paper_figures")
    ]
    sets = Takes(tuple(images.names()))
    metavars = {
        "LINK": Takes((*messages, *semantic), ".safetensors"),
        "EVE": Takes(eves, ".safetensors"),
        "ATTACK": Takes(attacks),
        "FILE|NAME": Takes(attacks, ".safetensors"),
        "SCHEME": Takes(tuple(_files_of("advphy_training.schemes"))),
        "FIGURE": Takes(tuple(figures)),
        "KIND": Takes(tuple(_files_of("advphy_model.air.channels"))),
        "IMAGES": sets,
        "SET": sets,
        "DRIVER": Takes((*_radio_settings.RADIOS, *_radio_settings.NEAR)),
        "FADING": Takes(("none", "rayleigh")),
        **{name: Takes(("random",)) for name in ("SHIFT", "PHASE", "SIGN")},
        "RECORDING": Takes(files=".sigmf-meta"),
        "DIR": Takes(folders=True),
        "FOLDER": Takes(folders=True),
        "FILE": Takes(files=""),
    }
    return {"links": messages, "semantic": semantic, "eves": eves, "metavars": metavars}


def _files_of(package):
    """Return the names of a package's modules, without importing it."""
    places = importlib.util.find_spec(package).submodule_search_locations
    return sorted(found.name for found in pkgutil.iter_modules(places))
