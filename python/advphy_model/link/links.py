# SPDX-License-Identifier: GPL-3.0-or-later
"""Links by name or file: the shipped models, the baselines, and the user's files."""

from advphy_model.link import baselines
from advphy_model.link.link_model import LinkModel

names, load = LinkModel.names, LinkModel.load


def theory(name: str):
    """Return (what it is, BLER as a function of Eb/N0 in dB) of a baseline, or None."""
    return baselines.table("BLER").get(name)
