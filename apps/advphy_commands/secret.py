# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the secret that Alice and Bob share for a keyed link or keyed bursts.

Writes 32 random bytes as hexadecimal digits to a new FILE with mode 0600. Copy it to
the other side over a channel that Eve cannot read. A keyed link encrypts in the analog
domain: it hides what is sent, but does not detect changes.
"""

from dataclasses import dataclass

from advphy_model.link import secret_file

from advphy_commands._options import operand, option


@dataclass(frozen=True)
class Settings:
    file: str = operand("FILE", "new file for the secret")


def run(settings, output):
    secret_file.create(settings.file)
    output.line(f"{settings.file}: a new secret, mode 0600")
    output.note(file=settings.file, mode="0600")


def key_file(use="of a keyed link"):
    """Return the field of --key-file."""
    text = f"secret {use}, mode 0600 (default: ask for that of a keyed link)"
    return option(text, metavar="FILE")


def no_nonce():
    """Return the field of --nonce."""
    text = "none: a keyed link whose bursts have no nonce, as those of version 0.5"
    return option(text, choices=("none",))


def secret_of(key_file, link, bursts=False):
    """Return a keyed link's secret, or that of keyed bursts, or None.

    Raises ValueError for a file that has no use.
    """
    if getattr(link, "keying", "none") != "none":
        return secret_file.read(key_file) if key_file else secret_file.ask()
    if key_file and bursts:
        return secret_file.read(key_file)
    if key_file:
        raise ValueError(f"link '{link.name}' is not keyed; omit --key-file")
    return None
