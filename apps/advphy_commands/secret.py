# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the secret that Alice and Bob of a keyed link share.

Writes 32 random bytes as hexadecimal digits to a new FILE with mode 0600. Bring it to
the other side by a way that Eve does not see. It is encryption in the analog domain: it
hides what is sent, it does not detect a change of it.
"""

from dataclasses import dataclass

from advphy_model.link import secret_file

from advphy_commands._options import operand


@dataclass(frozen=True)
class Settings:
    """Where the secret is written."""

    file: str = operand("FILE")


def run(settings, output):
    """Write the file; refuse to overwrite one."""
    secret_file.create(settings.file)
    output.line(f"{settings.file}: a new secret, mode 0600")
    output.note(file=settings.file, mode="0600")
