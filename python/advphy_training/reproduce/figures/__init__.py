# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of papers, one file each, found by file name: gan-fig3 is gan_fig3.py.

A figure module has

TITLE: what the figure shows;
SYSTEMS: the Systems that are drawn, each clean and under each attack;
ATTACKS: the Attacks, a panel each;
CLAIMS: the Claims that are judged from the counts.
"""

import sys
from dataclasses import dataclass

from advphy_model import found_by_name

PSR_DB = -6.0  # the usual setting of [gan, Sec. IV]
FGM = "universal_fgm"  # input-agnostic FGM [sadeghi, Alg. 1], best of ten
PGD = "universal_pgd"
STORED = "stored"  # what an adversarial training holds
JAMMER = "noise_jammer"


@dataclass(frozen=True)
class System:
    """A curve's link.

    Args:
        link: name of a shipped link or baseline.
        label: in the legend.
    """

    link: str
    label: str


@dataclass(frozen=True)
class Attack:
    """What hits every system of a figure.

    Args:
        key: short name, by which claims refer to it.
        title: of its panel.
        craft: name of an attack, or STORED.
        against: links that p is crafted against; (): each system by itself. For STORED
            the link whose training holds p.
        own: systems that are attacked by a p of their own all the same, because
            everybody knows them.
        shift: by how many channel uses p arrives late, or "random" per block.
    """

    key: str
    title: str
    craft: str
    against: tuple = ()
    own: tuple = ()
    shift: int | str = 0

    def substitutes(self, link: str) -> tuple:
        """Return what p is crafted against in the place of a system."""
        itself = not self.against or link in self.own or self.against == (link,)
        return () if itself or self.craft in (STORED, JAMMER) else self.against


@dataclass(frozen=True)
class Comparison:
    """One curve that should lie below another.

    Args:
        condition: under which, in words that finish "only with ...".
        better: (link, key of the attack or "clean").
        worse: the same.
        ebn0s_db: where their BLERs are compared; it must come out the same at each.
            An attack that is crafted anew has another p at each. Or ...
        bler: ... the BLER at which their Eb/N0 is.
        margin: `better` may have this factor of the other's BLER, or need this many dB
            more, and still count as no worse.
    """

    condition: str
    better: tuple
    worse: tuple
    ebn0s_db: tuple = (8.0,)
    bler: float | None = None
    margin: float = 1.0


@dataclass(frozen=True)
class Claim:
    """What a paper says, or what must be asked beside it.

    Args:
        text: the claim.
        source: the paper's words, or why it is asked.
        comparisons: all hold when the claim does.
    """

    text: str
    source: str
    comparisons: tuple


def names() -> list:
    """Return the names of the figures there are."""
    modules = found_by_name.names(sys.modules[__name__])
    return [name.replace("_", "-") for name in modules]


def figure(name: str):
    """Return the module of a figure; ValueError with the names there are."""
    if name not in names():
        raise ValueError(f"figure '{name}' is not known; there is {', '.join(names())}")
    package = sys.modules[__name__]
    return found_by_name.module(package, "figure", name.replace("-", "_"))
