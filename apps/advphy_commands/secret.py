# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the secret that Alice and Bob of a keyed link share.

Writes 32 random bytes as hexadecimal digits to a new FILE with mode 0600. Copy it to
the other side over a channel that Eve cannot read. A keyed link encrypts in the analog
domain: it hides what is sent, but does not detect changes.
"""

from dataclasses import dataclass

from advphy_model.link import secret_file

from advphy_commands._options import operand


@dataclass(frozen=True)
class Settings:
    file: str = operand("FILE", "new file for the secret")


def run(settings, output):
    secret_file.create(settings.file)
    output.line(f"{settings.file}: a new secret, mode 0600")
    output.note(file=settings.file, mode="0600")
