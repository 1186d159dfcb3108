# SPDX-License-Identifier: GPL-3.0-or-later
"""Print the script that completes commands, options, links and files in a shell.

For bash, add eval "$(advphy completion bash)" to ~/.bashrc. For zsh, add
eval "$(advphy completion zsh)" to ~/.zshrc after compinit. `make install` has already
installed both scripts. They are made with shtab.
"""

import argparse
import importlib.util
import pkgutil
import re
from dataclasses import dataclass

from advphy_commands import _parser, _radio_settings
from advphy_commands._options import operand

SHELLS = ("bash", "zsh")
# The choices or the metavar of an argument determine its completion.
ENDINGS = {
    "LINK": ".safetensors",
    "EVE": ".safetensors",
    "FILE|NAME": ".safetensors",
    "RECORDING": ".sigmf-meta",
    "FILE": "",
}
FOLDERS = ("DIR", "FOLDER")
# Commands whose LINK is of one kind only; the other commands take both kinds.
MESSAGES = (
    "measure",
    "measure-burst",
    "attack",
    "evaluate",
    "certify",
    "synchronism",
    "radio check",
)
SEMANTIC = ("measure-semantic", "adapt-eve")
# Commands of a shell that complete "$1" by words, by files with an ending, by folders.
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
# A function around shtab's script, which cannot be evaluated in all its versions.
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
    """Shell."""

    shell: str = operand("SHELL", " or ".join(SHELLS), choices=SHELLS)


def run(settings, output):
    """Print the script."""
    script = script_of(settings.shell)
    output.line(script.rstrip())
    output.note(shell=settings.shell, script=script)


def script_of(shell):
    """Return the script; it contains all names, so completion does not start Python."""
    import shtab

    top, names, functions = _parser.parser(), _names(), {}
    switch = argparse.BooleanOptionalAction
    for command, parser in _parser.parsers(top):
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                action.help = action.dest  # the help of the commands is suppressed
            text = (action.help or "").partition(" (default")[0]
            action.help = text.replace("%%", " percent") or None
            offered = _offered(command, action, names)
            if action.dest == "json" or isinstance(action, switch):  # take no value
                action.__class__, action.nargs = argparse._StoreTrueAction, 0
                offered = None
            elif action.option_strings and action.nargs == "?":
                action.nargs = None  # shtab takes "?" for a number
            if offered:
                name = functions.setdefault(offered, f"_advphy_{len(functions)}")
                action.complete = {shell: name}
            if not isinstance(action, argparse._SubParsersAction):
                action.choices = None  # shtab 1.5 offers only the first in bash
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
    """Return the shell commands that complete words, files and folders."""
    commands, body = FUNCTIONS[shell], []
    if words:
        separator = "\n" if shell == "bash" else " "
        body.append(commands["words"].format(separator.join(words)))
    if files is not None:
        body.append(commands["files"].format(files))
    if folders:
        body.append(commands["folders"])
    return "; ".join(body)


def _offered(command, action, names):
    """Return (words, ending of files or None, whether folders), or None."""
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
    """Return the names that complete an argument, by its metavar."""
    from advphy_model.files import images
    from advphy_model.link import links
    from advphy_model.link.eavesdropper import Eve
    from advphy_model.link.semantic_link import SemanticLink

    attacks, sets = _files_of("advphy_training.attacks"), images.names()
    figures = _files_of("advphy_training.reproduce.figures")
    found = {
        "links": links.names(),
        "semantic": SemanticLink.names(),
        "EVE": Eve.names(),
        "ATTACK": attacks,
        "FILE|NAME": attacks,
        "SCHEME": _files_of("advphy_training.schemes"),
        "FIGURE": ["all", *(name.replace("_", "-") for name in figures)],
        "KIND": _files_of("advphy_model.air.channels"),
        "IMAGES": sets,
        "SET": sets,
        "FADING": ("none", "rayleigh"),
        "DRIVER": (*_radio_settings.RADIOS, *_radio_settings.NEAR),
        "SHIFT": ("random",),
        "PHASE": ("random",),
        "SIGN": ("random",),
    }
    return {metavar: tuple(names) for metavar, names in found.items()}


def _files_of(package):
    """Return the names of a package's modules, without importing it."""
    places = importlib.util.find_spec(package).submodule_search_locations
    return tuple(sorted(found.name for found in pkgutil.iter_modules(places)))
