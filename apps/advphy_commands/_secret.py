# SPDX-License-Identifier: GPL-3.0-or-later
"""The secret of a keyed link, from the file of --key-file or from a prompt."""

from advphy_model.link import secret_file

from advphy_commands._options import option


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
