# SPDX-License-Identifier: GPL-3.0-or-later
"""The script for fish, which shows what each option is for."""

from advphy_commands import _completion, _parser


def script():
    """Return the script."""
    commands, groups = _completion.commands(), _completion.groups()
    lines = [
        "complete -c advphy -f",
        "complete -c advphy -n __fish_use_subcommand -l version",
    ]
    for name, actions in groups.items():
        lines.append(
            f"complete -c advphy -n __fish_use_subcommand -a {name} "
            f"-d {_quoted(_parser.summary(name))}"
        )
        if actions:
            words = " ".join(actions)
            lines.append(
                f"complete -c advphy -n '{_seen(name)}; and not "
                f"{_seen(words)}' -a '{words}'"
            )
    for command in commands:
        lines += _of(command)
    return "\n".join(lines) + "\n"


def _of(command):
    """Yield the lines of a command."""
    where = f"complete -c advphy -n '{_here(command.name)}'"
    for option, takes in command.options.items():
        said = command.said.get(option, "")
        line = f"{where} -l {option[2:]}" + (f" -d {_quoted(said)}" if said else "")
        yield line if takes is None else f"{line} {_values(takes)}"
    for takes in dict.fromkeys(command.operands):
        yield f"{where} {_values(takes).removeprefix('-x ').removeprefix('-r ')}"


def _seen(words):
    return f"__fish_seen_subcommand_from {words}"


def _here(name):
    return "; and ".join(map(_seen, name.split()))


def _values(takes):
    """Return what tells fish the values: words, files by ending, folders."""
    words = " ".join(takes.words)
    if takes.folders:
        return f"-x -a '{words} (__fish_complete_directories)'"
    if takes.files:
        return f"-x -a '{words} (__fish_complete_suffix {takes.files})'"
    if takes.files == "":
        return "-r -F"
    return f"-x -a '{words}'"


def _quoted(text):
    text = " ".join(text.split()).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"
