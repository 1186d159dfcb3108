# SPDX-License-Identifier: GPL-3.0-or-later
"""Adversaries who know the canceller: p varies so that it cannot be estimated.

A canceller estimates what is the same in the blocks of a window. An adversary who knows
that varies p from block to block, and may lose some harm by it. The worst schedule for
the defended receiver, next to the worst for the undefended one, is what a canceller is
worth.
"""

import functools
from functools import partial

import numpy as np
from advphy_model.air.adversary import Adversary
from advphy_model.measure import ranges
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import LinkSetting

BOOK = 60  # perturbations to hop among
WITH = ", canceller"  # end of the role of a defended receiver
TURNS = 16  # blocks in which a slowly turning p comes round
# Schedules of a search: drawn, and counted again with more blocks.
DRAWN, COUNTED_AGAIN = 40, 5
BLOCKS, MORE_BLOCKS = 2**16, 2**19


def schedules(n, window) -> dict:
    """Return {name: arguments of an Adversary} for n and the canceller's window."""
    part, long = max(1, window // 4), 3 * window // 2
    return {
        "p turns slowly": {"frequency_offset": 1 / (TURNS * n)},
        "p alternates": {"sign": "alternate"},
        "p has random signs": {"sign": "random"},
        "p has random shifts": {"shift": "random"},
        "p has random phases": {"phase": "random"},
        "p goes on and off": {"off_blocks": part, "on_blocks": part},
        "p goes on and off slowly": {"off_blocks": long, "on_blocks": long},
    }


def searched(link, p, psr_db, ebn0_db, canceller, seed) -> dict:
    """Return the arguments of an Adversary that do most harm through the canceller.

    The search needs no gradient: it draws schedules of the Perturbation p at random,
    counts each, and counts the worst again on other blocks. The seed is that of the
    search; those of the counts are other ones.
    """

    def failures(arrival, seed, blocks):
        adversary = Adversary(p, psr_db, **arrival, seed=seed)
        setting = LinkSetting(link, ebn0_db, seed, adversary, canceller)
        (row,) = ranges.total(setting, StopRule(None, blocks))
        return row.failures / row.blocks

    rng, window = np.random.default_rng(seed), canceller.window
    drawn = [_drawn(rng, link.n, window) for _ in range(DRAWN)]
    drawn.sort(key=lambda arrival: -failures(arrival, seed + 1, max(BLOCKS, window)))
    more = {"seed": seed + 2, "blocks": max(MORE_BLOCKS, window)}
    return max(drawn[:COUNTED_AGAIN], key=functools.partial(failures, **more))


def _drawn(rng, n, window):
    """Return random arguments of an Adversary, with spans of up to 4 windows."""

    def span():
        return int(2 ** rng.uniform(0, np.log2(4 * window)))

    found = {"sign": (1, "alternate", "random")[rng.integers(3)]}
    if found["sign"] != 1:
        found["hold"] = span()
    if rng.random() < 0.5:
        found["frequency_offset"] = float(2 ** rng.uniform(-20, -2)) / n
    if rng.random() < 0.5:
        found |= {"off_blocks": span(), "on_blocks": span()}
    return found


def jobs(link, plan, job, crafted_by, canceller):
    """Yield the Jobs of each schedule, without and with the canceller.

    job(role, craft, **fields) returns a Job; crafted_by(attack, **fields of its plan)
    returns a craft.
    """
    yield job(f"clean{WITH}", canceller=canceller)
    constant = crafted_by("universal_pgd")

    @functools.cache
    def worst():
        at = plan.psr_db, plan.ebn0_db, canceller, plan.seed
        return searched(link, constant(), *at)

    known = schedules(link.n, canceller.window)
    crafted = {name: (constant, arrival) for name, arrival in known.items()}
    crafted["p by a searched schedule"] = constant, worst
    crafted["p hops"] = partial(_largest_book, crafted_by), {}
    for name, (craft, arrival) in crafted.items():
        yield job(name, craft, arrival=arrival)
        yield job(f"{name}{WITH}", craft, arrival=arrival, canceller=canceller)


def _largest_book(crafted_by):
    """Return a book of BOOK perturbations, or of fewer if a link has few directions."""
    count = BOOK
    while True:
        try:
            return crafted_by("universal_pgd", book=count)()
        except ValueError:
            if count < 4:
                raise
            count //= 2


def pairs(evaluation) -> dict:
    """Return {schedule: (Counts without canceller, Counts with it)}."""
    found = {"p constant": ("universal_pgd", "canceller")}
    for role, _, _ in evaluation.counts:
        if role.endswith(WITH):
            name = role.removesuffix(WITH)
            found[name] = name, role
    both = {name: tuple(map(evaluation.at, roles)) for name, roles in found.items()}
    return {name: rows for name, rows in both.items() if None not in rows}
