# SPDX-License-Identifier: GPL-3.0-or-later
"""Print what lets a shell complete commands, options, links, attacks and files.

bash: eval "$(advphy completion bash)" in ~/.bashrc; zsh: the same with zsh, after
compinit, in ~/.zshrc; fish: advphy completion fish | source, in its config.fish. A
`make install` has put the scripts where the shells look for them.
"""

import importlib

SHELLS = ("bash", "zsh", "fish")


def add_arguments(parser):
    """Declare the arguments."""
    parser.add_argument("shell", choices=SHELLS)


def run(arguments):
    """Print the script."""
    name = f"advphy_commands._completion.{arguments.shell}"
    script = importlib.import_module(name).script()
    arguments.output.line(script.rstrip("\n"))
    arguments.output.note(shell=arguments.shell, script=script)
