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
SEMANTIC = ("measure-semantic", "adapt-eve")  # LINK is a semantic link
ANY_LINK = ("info", "radio tx", "radio rx", "rescore")  # LINK is of either kind
# Endings of the files that a metavar stands for.
MODELS = "LINK", "EVE", "FILE|NAME", "PERTURBATION"
ENDINGS = dict.fromkeys(MODELS, ".safetensors")
ENDINGS |= {"RECORDING": ".sigmf-meta", "FILE": ""}
# Commands of a shell that complete "$1" by words, by files with an ending, by folders.
BASH = (
    "local IFS=$'\\n'; compgen -W '{}' -- \"$1\"",
    'compgen -f -X \'!*{}\' -- "$1"; compgen -d -- "$1"',
    'compgen -d -- "$1"',
)
ZSH = "compadd -- {}", "_files -g '*{}'", "_files -/"
# A function around shtab's script, which cannot be evaluated in all its versions.
AROUND = """#compdef advphy
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
    shell: str = operand("SHELL", " or ".join(SHELLS), choices=SHELLS)


def run(settings, output):
    script = script_of(settings.shell)
    output.line(script.rstrip())
    output.note(shell=settings.shell, script=script)


def script_of(shell):
    """Return the script; it contains all names, so completion does not start Python."""
    import shtab

    top, names, functions = _parser.parser(), _names(), {}
    for command, parser in _parser.parsers(top):
        for action in parser._actions:
            group = isinstance(action, argparse._SubParsersAction)
            text = action.dest if group else action.help or ""  # theirs is suppressed
            text = text.partition(" (default")[0].replace("%%", " percent")
            action.help, body = text or None, _body(shell, command, action, names)
            on_or_off = isinstance(action, argparse.BooleanOptionalAction)
            if action.dest == "json" or on_or_off:
                action.__class__, action.nargs = argparse._StoreTrueAction, 0
            elif action.option_strings and action.nargs == "?":
                action.nargs = None  # shtab takes "?" for a number
            if body and action.nargs != 0:
                name = functions.setdefault(body, f"_advphy_{len(functions)}")
                action.complete = {shell: name}
            if not group:
                action.choices = None  # shtab 1.5 offers only the first in bash
    preamble = "\n".join(f"{f}() {{\n    {body}\n}}" for body, f in functions.items())
    script = shtab.complete(top, shell, preamble=preamble)
    if shell == "zsh":
        body, _, _ = script.partition("\ntypeset -A opt_args")
        options = re.compile(r"\$_shtab_[\w-]+_options")  # no "-" in a name: shtab 1.5
        body = options.sub(lambda found: found[0].replace("-", "_"), body)
        script = AROUND.format(body=body)
    return script.rstrip() + "\n"


def _body(shell, command, action, names):
    """Return the shell commands that complete an argument by its choices or metavar."""
    metavar = action.metavar or action.dest.upper()
    ending = re.search(r"\.[a-z0-9-]+$", metavar)
    files = ending.group() if ending else ENDINGS.get(metavar)
    words = names.get(metavar, ())
    if action.choices:
        words = map(str, action.choices)
    elif metavar == "LINK":
        words = [] if command in SEMANTIC else [*names["links"]]
        words += names["semantic"] if command in (*SEMANTIC, *ANY_LINK) else []
        words += [*names["EVE"], "channels"] if command == "info" else []
    elif "|" in metavar and not words:
        words = [part for part in metavar.split("|") if part.islower()]
    by_words, by_files, by_folders = BASH if shell == "bash" else ZSH
    words = ("\n" if shell == "bash" else " ").join(words)
    body = [by_words.format(words)] if words else []
    body += [] if files is None else [by_files.format(files)]
    body += [by_folders] if metavar in ("DIR", "FOLDER") else []
    return "; ".join(body)


def _names():
    """Return the names that complete an argument, by its metavar."""
    from advphy_model.air.perturbation import Perturbation
    from advphy_model.files import images
    from advphy_model.link import links
    from advphy_model.link.eavesdropper import Eve
    from advphy_model.link.semantic_link import SemanticLink

    attacks = _files_of("advphy_training.attacks")
    figures = _files_of("advphy_training.reproduce.figures")
    return {
        "links": list(links.names()),
        "semantic": list(SemanticLink.names()),
        "EVE": Eve.names(),
        "ATTACK": attacks,
        "PERTURBATION": Perturbation.names(),
        "FILE|NAME": [*attacks, *Perturbation.names()],
        "SCHEME": _files_of("advphy_training.schemes"),
        "FIGURE": ["all", *(name.replace("_", "-") for name in figures)],
        "KIND": _files_of("advphy_model.air.channels"),
        **dict.fromkeys(("IMAGES", "SET"), images.names()),
        "FADING": ("none", "rayleigh"),
        "DRIVER": (*_radio_settings.RADIOS, *_radio_settings.NEAR),
        **dict.fromkeys(("SHIFT", "PHASE", "SIGN"), ("random",)),
    }


def _files_of(package):
    """Return the names of a package's modules, without importing it."""
    places = importlib.util.find_spec(package).submodule_search_locations
    return sorted(found.name for found in pkgutil.iter_modules(places))
