# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the scripts for bash and zsh: functions of "case" alone."""

import shlex

from advphy_commands import _completion

NO_FILES, ANY_FILES, FOLDERS = "no", "any", "folders"


def tables():
    """Return functions that set `offered` and `ending`, the same for both shells.

    _advphy_takes "COMMAND --option" or "COMMAND NUMBER" fails if nothing is taken.
    _advphy_offers "COMMAND" sets what may follow that begins with a dash, or without
    a command, the commands.
    """
    commands = _completion.commands()
    keys = {}
    for command in commands:
        for key, takes in _taken(command):
            keys.setdefault(takes, []).append(key)
    taken = [
        f"        {'|'.join(each)})\n"
        f"            offered={shlex.quote(' '.join(takes.words))}\n"
        f"            ending={shlex.quote(_ending(takes))} ;;"
        for takes, each in keys.items()
    ]
    offers = [
        f"        {shlex.quote(command.name)}) offered="
        f"{shlex.quote(' '.join(sorted(command.options)))} ;;"
        for command in commands
    ]
    groups = _completion.groups()
    offers += [
        f"        {shlex.quote(name)}) offered={shlex.quote(' '.join(actions))} ;;"
        for name, actions in groups.items()
        if actions
    ]
    return "\n".join(
        [
            "_advphy_takes() {",
            f"    offered= ending={NO_FILES}",
            '    case "$1" in',
            *taken,
            "        *) return 1 ;;",
            "    esac",
            "}",
            "_advphy_offers() {",
            f"    offered= ending={NO_FILES}",
            '    case "$1" in',
            *offers,
            f"        '') offered={shlex.quote(' '.join(groups))} ;;",
            "    esac",
            "}",
            "_advphy_has_actions() {",
            '    case "$1" in',
            f"        {'|'.join(name for name, a in groups.items() if a)}) return 0 ;;",
            "    esac",
            "    return 1",
            "}",
            "",
        ]
    )


def _taken(command):
    """Yield (pattern of "case", Takes) of a command's options and operands."""
    for option, takes in command.options.items():
        if takes is not None:
            yield shlex.quote(f"{command.name} {option}"), takes
    for i, takes in enumerate(command.operands):
        last = command.repeats and i + 1 == len(command.operands)
        number = "[1-9]*" if last else f"{i + 1}"
        yield f"{shlex.quote(command.name + ' ')}{number}", takes


def _ending(takes):
    if takes.folders:
        return FOLDERS
    if takes.files is None:
        return NO_FILES
    return takes.files or ANY_FILES
