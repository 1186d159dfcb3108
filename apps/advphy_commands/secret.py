# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the secret that Alice and Bob of a keyed link share.

Writes 32 random bytes as hexadecimal digits to a new FILE with mode 0600. Copy it to
the other side over a channel that Eve cannot read. A keyed link encrypts in the analog
domain: it hides what is sent, but does not detect changes.
"""

from dataclasses import dataclass

from advphy_model.link import secret_file

from advphy_commands._options import operand, option


@dataclass(frozen=True)
class Settings:
    """Where the secret is written."""

    file: str = operand("FILE", "new file for the secret")


def run(settings, output):
    """Write the secret; refuse to overwrite a file."""
    secret_file.create(settings.file)
    output.line(f"{settings.file}: a new secret, mode 0600")
    output.note(file=settings.file, mode="0600")


def key_file():
    """Return the field of --key-file."""
    text = "secret of a keyed link, mode 0600 (default: ask for it)"
    return option(None, text, metavar="FILE")


def secret_of(key_file, link):
    """Return the secret of a keyed link, or None if the link is not keyed.

    Args:
        key_file: path of the secret, or None to ask the user.
        link: link model or semantic link.

    Raises:
        ValueError: if a file is given and the link is not keyed.
    """
    if getattr(link, "keying", "none") != "none":
        return secret_file.read(key_file) if key_file else secret_file.ask()
    if key_file:
        raise ValueError(f"link '{link.name}' is not keyed; omit --key-file")
    return None
