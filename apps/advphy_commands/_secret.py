# SPDX-License-Identifier: GPL-3.0-or-later
"""Option --key-file of the commands that use the secret of a keyed link."""

from advphy_model.link import secret_file

from advphy_commands._options import option


def key_file():
    """Return the field of --key-file."""
    text = "secret of a keyed link, mode 0600 (default: ask for it)"
    return option(text, metavar="FILE")


def secret_of(key_file, link):
    """Return a keyed link's secret, or None; ValueError for a file that has no use."""
    if getattr(link, "keying", "none") != "none":
        return secret_file.read(key_file) if key_file else secret_file.ask()
    if key_file:
        raise ValueError(f"link '{link.name}' is not keyed; omit --key-file")
    return None
