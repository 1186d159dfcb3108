# SPDX-License-Identifier: GPL-3.0-or-later
"""Parser of the command line, built from the modules of the commands.

Only the module of the given command is imported. So `advphy doctor` runs even if the
imports of other commands fail, and the help appears quickly.
"""

import argparse
import ast
import difflib
import importlib
import importlib.util
import locale
import pkgutil
import re
import textwrap

import advphy_commands
from advphy_commands import _options

# The groups of the help. A command that is not listed comes last.
GROUPS = {
    "begin": "info doctor demo data import export",
    "train and attack": "train attack",
    "measure": "measure measure-burst measure-semantic evaluate certify synchronism "
    "adapt-eve reproduce bench",
    "draw and watch": "plot watch publish-keys",
    "over the air": "radio air rescore secret",
    "shell": "completion",
}


def names():
    """Return the names of all commands in the order of the help."""
    found = {
        module.name.replace("_", "-")
        for module in pkgutil.iter_modules(advphy_commands.__path__)
        if not module.name.startswith("_")
    }
    ordered = [
        name for group in GROUPS.values() for name in group.split() if name in found
    ]
    return ordered + sorted(found - set(ordered))


def command(name):
    """Return the module of a command."""
    return importlib.import_module(f"advphy_commands.{name.replace('-', '_')}")


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are a sentence, without the usage."""

    def error(self, message):
        text = f"{message}; `{self.prog} --help` lists the options"
        self.exit(2, said(self.prog, text) + "\n")


def said(prog, text):
    """Return the error of a command as one sentence; all of it if numpy is broken."""
    try:
        from advphy_model.file_gate import sentence
    except ImportError:
        return f"{prog}: {text}"
    return sentence(text, f"{prog}:")


def parser(only=None):
    """Return the parser of all commands, or of the command `only`."""
    top = _Parser(
        prog="advphy",
        usage="advphy [-h] [--version] COMMAND ...",
        description="Neural physical layers under attack.",
        epilog=_overview(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="store_true", help="print the version")
    commands = top.add_subparsers(
        prog="advphy", dest="command", metavar="COMMAND", help=argparse.SUPPRESS
    )
    for name in names() if only is None else [only]:
        _declare(_added(commands, name, command(name)), command(name))
    return top


def _added(place, name, module):
    return place.add_parser(
        name,
        help=_begun(module.__doc__.partition("\n")[0]),
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _declare(parser, module):
    if not hasattr(module, "ACTIONS"):
        _options.declare(parser, module.Settings)
        parser.add_argument(
            "--json",
            nargs="?",
            const="-",
            metavar="FILE.json",
            help="print one JSON document instead of lines, or write it to a file",
        )
        parser.set_defaults(module=module)
        return
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, action in module.ACTIONS.items():
        _declare(_added(actions, name, action), action)


def parsers(top, name=""):
    """Yield (name, parser) of a parser and all its subparsers: ("radio tx", ...)."""
    yield name, top
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                yield from parsers(below, f"{name} {word}".strip())


def refuse_dashes(words):
    """Raise ValueError for a dash that a word processor wrote in place of a minus."""
    for word in words:
        found = re.search(r"(?:^|[,:=])([\u2010-\u2015\u2212\ufe63\uff0d])[\d.]", word)
        if found:
            raise ValueError(
                f"'{word}' has the character U+{ord(found[1]):04X}, which is no minus; "
                f"give {word.replace(found[1], '-')}"
            )


def comma_notes(words):
    """Yield a sentence for each 0,5 in a locale with decimal commas: two numbers."""
    before = locale.setlocale(locale.LC_NUMERIC)
    try:
        locale.setlocale(locale.LC_NUMERIC, "")
        comma = locale.localeconv()["decimal_point"] == ","
    except locale.Error:  # it is not installed
        return
    finally:
        locale.setlocale(locale.LC_NUMERIC, before)
    for word in words if comma else ():
        if found := re.fullmatch(r"(?:--[\w-]+=)?([-+]?\d+),(\d+)", word):
            one, two = found.groups()
            yield f"{one},{two} is {one} and {two}; the number is {one}.{two}"


def unknown(name):
    """Return the error text for an unknown command."""
    near = difflib.get_close_matches(name, names(), n=1, cutoff=0.5)
    begun = [each for each in names() if each.startswith(name)]
    guess = (near or begun or [None])[0]
    hint = f"did you mean {guess}?" if guess else "`advphy --help` lists the commands"
    return f"command '{name}' is not known; {hint}"


def _overview():
    known, lines = names(), []
    listed = {name for members in GROUPS.values() for name in members.split()}
    others = " ".join(name for name in known if name not in listed)
    for title, members in {**GROUPS, "more": others}.items():
        members = [name for name in members.split() if name in known]
        if members:
            lines.append(f"\n{title}:" if lines else f"{title}:")
        for name in members:
            wrapped = textwrap.wrap(summary(name), 60)
            lines.append(f"  {name:<18}" + f"\n{' ' * 20}".join(wrapped))
    return "\n".join([*lines, "\n`advphy COMMAND --help` describes a command."])


def summary(name):
    """Return the first line of a command's docstring, without importing it."""
    place = importlib.util.find_spec(f"advphy_commands.{name.replace('-', '_')}").origin
    with open(place, encoding="utf-8") as file:
        return _begun(ast.get_docstring(ast.parse(file.read())).partition("\n")[0])


def _begun(sentence):
    """Return a sentence in lower case and without its period, for a list."""
    return sentence[0].lower() + sentence[1:].rstrip(".")
