# SPDX-License-Identifier: GPL-3.0-or-later
"""Lookup of link models by name or file: shipped models, baselines, user's files."""

from advphy_model.link import baselines
from advphy_model.link.link_model import LinkModel

names, load = LinkModel.names, LinkModel.load


def theory(name: str):
    """Return the BLER entry of a baseline (see baselines), or None."""
    return baselines.table("BLER").get(name)
