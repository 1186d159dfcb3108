# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the secret that Alice and Bob of a keyed link share.

Writes 32 random bytes as hexadecimal digits to a new FILE with mode 0600. Bring it to
the other side by a way that Eve does not see. It is encryption in the analog domain: it
hides what is sent, it does not detect a change of it.
"""

from advphy_model.link import secret_file


def add_arguments(parser):
    """Declare the arguments."""
    parser.add_argument("file", metavar="FILE")


def run(arguments):
    """Write the file; refuse to overwrite one."""
    secret_file.create(arguments.file)
    arguments.output.line(f"{arguments.file}: a new secret, mode 0600")
    arguments.output.note(file=arguments.file, mode="0600")
