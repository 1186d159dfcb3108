# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modem carries: codewords of a link model or codes of a semantic link."""

from advphy_model.link import model_file
from advphy_model.link.link_model import LinkModel
from advphy_model.link.semantic_link import SemanticLink


def load(link):
    """Return the link model or semantic link of a name, a file, or itself.

    Raises:
        ValueError: there is none of either kind; the text lists the names.
    """
    return model_file.load(link, LinkModel, SemanticLink)
