# SPDX-License-Identifier: GPL-3.0-or-later
"""Links of either kind, since the modem sends both codewords and semantic codes."""

from advphy_model.link import model_file
from advphy_model.link.link_model import LinkModel
from advphy_model.link.semantic_link import SemanticLink


def load(link):
    """Return a link model or semantic link by name or file: see `model_file.load`."""
    return model_file.load(link, LinkModel, SemanticLink)
