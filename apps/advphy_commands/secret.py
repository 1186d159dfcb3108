# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the secret that Alice and Bob of a keyed link share.

Writes 32 random bytes as hexadecimal digits to a new FILE with mode 0600. Bring it to
the other side by a way that Eve does not see. It is encryption in the analog domain: it
hides what is sent, it does not detect a change of it.
"""

from dataclasses import dataclass

from advphy_model.link import secret_file

from advphy_commands._options import operand, option


@dataclass(frozen=True)
class Settings:
    """Where the secret is written."""

    file: str = operand("FILE")


def run(settings, output):
    """Write the file; refuse to overwrite one."""
    secret_file.create(settings.file)
    output.line(f"{settings.file}: a new secret, mode 0600")
    output.note(file=settings.file, mode="0600")


def key_file():
    """Return the field of --key-file."""
    said = "the secret of a keyed link (mode 0600); without: asked for"
    return option(None, said, metavar="FILE")


def secret_of(key_file, link):
    """Return the secret that a link needs; None where it is not keyed.

    Args:
        key_file: path, or None to ask for it.
        link: link model or semantic link.

    Raises:
        ValueError: a file for a link that is not keyed.
    """
    if getattr(link, "keying", "none") != "none":
        return secret_file.read(key_file) if key_file else secret_file.ask()
    if key_file:
        raise ValueError(f"link '{link.name}' is not keyed; omit --key-file")
    return None
