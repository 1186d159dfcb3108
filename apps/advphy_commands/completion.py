# SPDX-License-Identifier: GPL-3.0-or-later
"""Print what lets a shell complete commands, options, links, attacks and files.

bash: eval "$(advphy completion bash)" in ~/.bashrc; zsh: the same with zsh, after
compinit, in ~/.zshrc. A `make install` has put the scripts where the shells look for
them. They are made by shtab, which has no others that work here.
"""

import argparse
import importlib.util
import pkgutil
import re
from dataclasses import dataclass

from advphy_commands import _parser, _radio_settings
from advphy_commands._options import operand

SHELLS = ("bash", "zsh")
# What an argument takes is told by its choices or its metavar.
ENDINGS = dict.fromkeys(("LINK", "EVE", "FILE|NAME"), ".safetensors")
ENDINGS |= {"RECORDING": ".sigmf-meta", "FILE": ""}
FOLDERS = ("DIR", "FOLDER")
# Commands whose LINK is of one kind only; elsewhere both are offered.
MESSAGES = ("measure", "measure-burst", "attack", "evaluate", "synchronism")
MESSAGES += ("radio check",)
SEMANTIC = ("measure-semantic", "adapt-eve")
# How a shell is told what to offer for "$1": words, files by their ending, folders.
FUNCTIONS = {
    "bash": {
        "words": "local IFS=$'\\n'; compgen -W '{}' -- \"$1\"",
        "files": 'compgen -f -X \'!*{}\' -- "$1"; compgen -d -- "$1"',
        "folders": 'compgen -d -- "$1"',
    },
    "zsh": {
        "words": "compadd -- {}",
        "files": "_files -g '*{}'",
        "folders": "_files -/",
    },
}
# shtab's script within a function: some of its versions may not be evaluated.
ZSH = """#compdef advphy
_advphy() {{
{body}
typeset -A opt_args
_shtab_advphy "$@"
}}
if [[ $zsh_eval_context[-1] == eval ]]; then
  compdef _advphy advphy
else
  _advphy "$@"
fi
"""


@dataclass(frozen=True)
class Settings:
    """For which shell."""

    shell: str = operand("SHELL", " or ".join(SHELLS), choices=SHELLS)


def run(settings, output):
    """Print the script."""
    script = script_of(settings.shell)
    output.line(script.rstrip())
    output.note(shell=settings.shell, script=script)


def script_of(shell):
    """Return the script, which holds all names, so that a TAB starts no Python."""
    import shtab

    top, names, functions = _parser.parser(), _names(), {}
    switch = argparse.BooleanOptionalAction
    for command, parser in _parser.parsers(top):
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                action.help = action.dest  # that of the commands is suppressed
            said = (action.help or "").partition(" (default")[0]
            action.help = said.replace("%%", " percent") or None
            offered = _offered(command, action, names)
            if action.dest == "json" or isinstance(action, switch):  # take no word
                action.__class__, action.nargs = argparse._StoreTrueAction, 0
                offered = None
            elif action.option_strings and action.nargs == "?":
                action.nargs = None  # to shtab, "?" is a number
            if offered:
                name = functions.setdefault(offered, f"_advphy_{len(functions)}")
                action.complete = {shell: name}
            if not isinstance(action, argparse._SubParsersAction):
                action.choices = None  # shtab 1.5 offers bash the first one alone
    bodies = {name: _body(shell, *offered) for offered, name in functions.items()}
    preamble = "\n".join(f"{name}() {{\n    {b}\n}}" for name, b in bodies.items())
    script = shtab.complete(top, shell, preamble=preamble)
    if shell == "zsh":
        body, _, _ = script.partition("\ntypeset -A opt_args")
        options = re.compile(r"\$_shtab_[\w-]+_options")  # no "-" in a name: shtab 1.5
        body = options.sub(lambda found: found[0].replace("-", "_"), body)
        script = ZSH.format(body=body)
    return script.rstrip() + "\n"


def _body(shell, words, files, folders):
    """Return the commands of a shell that offer words, files and folders."""
    say, body = FUNCTIONS[shell], []
    if words:
        body.append(say["words"].format(("\n" if shell == "bash" else " ").join(words)))
    if files is not None:
        body.append(say["files"].format(files))
    if folders:
        body.append(say["folders"])
    return "; ".join(body)


def _offered(command, action, names):
    """Return (words, ending of files or None, whether folders), or None for nothing."""
    metavar = action.metavar or action.dest.upper()
    ending = re.search(r"\.[a-z0-9-]+$", metavar)
    files = ending.group() if ending else ENDINGS.get(metavar)
    words, folders = names.get(metavar, ()), metavar in FOLDERS
    if action.choices:
        words = tuple(map(str, action.choices))
    elif metavar == "LINK":
        words = _links(command, names)
    elif "|" in metavar and not words:
        words = tuple(part for part in metavar.split("|") if part.islower())
    return (words, files, folders) if words or folders or files is not None else None


def _links(command, names):
    links, semantic = names["links"], names["semantic"]
    if command == "info":
        return (*links, *semantic, *names["EVE"], "channels")
    if command in MESSAGES:
        return links
    return semantic if command in SEMANTIC else (*links, *semantic)


def _names():
    """Return the names that there are, by the metavar that they stand for."""
    from advphy_model.files import images
    from advphy_model.link import links
    from advphy_model.link.eavesdropper import Eve
    from advphy_model.link.semantic_link import SemanticLink

    attacks, sets = _files_of("advphy_training.attacks"), images.names()
    figures = _files_of("advphy_training.reproduce.figures")
    found = {
        **{"links": links.names(), "semantic": SemanticLink.names()},
        **{"EVE": Eve.names(), "ATTACK": attacks, "FILE|NAME": attacks},
        "SCHEME": _files_of("advphy_training.schemes"),
        "FIGURE": [name.replace("_", "-") for name in figures],
        "KIND": _files_of("advphy_model.air.channels"),
        **{"IMAGES": sets, "SET": sets, "FADING": ("none", "rayleigh")},
        "DRIVER": (*_radio_settings.RADIOS, *_radio_settings.NEAR),
        **dict.fromkeys(("SHIFT", "PHASE", "SIGN"), ("random",)),
    }
    return {metavar: tuple(names) for metavar, names in found.items()}


def _files_of(package):
    """Return the names of a package's modules, without importing it."""
    places = importlib.util.find_spec(package).submodule_search_locations
    return tuple(sorted(found.name for found in pkgutil.iter_modules(places)))
