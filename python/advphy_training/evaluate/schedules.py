# SPDX-License-Identifier: GPL-3.0-or-later
"""Adversaries who know the canceller: p varies so that it cannot be estimated.

A canceller estimates what is the same in the blocks of a window. An adversary who knows
that varies p from block to block, and may lose some harm by it. The worst schedule for
the defended receiver, next to the worst for the undefended one, is what a canceller is
worth.
"""

from functools import partial

BOOK = 60  # perturbations to hop among
WITH = ", canceller"  # end of the role of a defended receiver
TURNS = 16  # blocks in which a slowly turning p comes round


def schedules(n, window) -> dict:
    """Return {name: arguments of an Adversary} for blocks of n channel uses.

    Args:
        n: channel uses per block.
        window: blocks that the canceller processes together.
    """
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


def jobs(link, job, crafted_by, canceller):
    """Yield the Jobs of each schedule, without and with the canceller.

    Args:
        link: link model.
        job: function of role, craft and fields that returns a Job.
        crafted_by: function of an attack and fields of its plan that returns a craft.
        canceller: CancellerSettings.
    """
    yield job(f"clean{WITH}", canceller=canceller)
    crafted = {
        name: (crafted_by("universal_pgd"), arrival)
        for name, arrival in schedules(link.n, canceller.window).items()
    }
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
