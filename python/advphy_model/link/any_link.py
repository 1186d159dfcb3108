# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modem carries: codewords of a link model or codes of a semantic link."""

from pathlib import Path

from advphy_model.link import links, semantic_links


def load(link):
    """Return the link model or semantic link of a name, a file, or itself.

    Raises:
        ValueError: there is none of either kind; the text lists the names.
    """
    if not isinstance(link, (str, Path)):
        return link
    name = str(link).partition(":")[0]
    if name in semantic_links.names():
        return semantic_links.load(link)
    if name in links.names():
        return links.load(link)
    if not Path(name).is_file():
        raise ValueError(
            f"link '{link}' is neither a file nor one of: "
            f"{', '.join([*links.names(), *semantic_links.names()])}"
        )
    try:
        return links.load(link)
    except ValueError as error:
        try:
            return semantic_links.load(link)
        except ValueError:
            raise error from None
