# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks on the attack, that it was strong enough to be believed."""

import numpy as np
from advphy_model.link.baselines.nearest_codeword import q_function
from advphy_model.power import noise_sigma, perturbation_norm

from advphy_training.evaluate.checks.finding import Finding, exceeds, rate, show
from advphy_training.evaluate.robustness import CHANCE_PSR_DB

_CHANCE_SHARE = 0.98  # of 1 - 1/M that a drowning perturbation must reach
_RESTARTS_APART = 0.1  # relative, that half the restarts may differ
_ZERO_GRADIENTS = 0.01  # share of received vectors
_PREDICTED = 0.8  # correlation; sound networks have 0.9 and more


def success_grows_with_psr(evaluation):
    """A stronger perturbation must not do less harm."""
    rows = list(evaluation.over_psr("universal_pgd").items())
    if len(rows) < 2:
        return None
    drops = [
        f"{show(row)} at {psr:g} dB, {show(later)} at {more:g} dB"
        for (psr, row), (more, later) in zip(rows, rows[1:])  # noqa: B905, RUF007
        if exceeds(row, later)
    ]
    return Finding(
        "success grows with PSR",
        not drops,
        "; ".join(drops)
        or f"BLER rises from {show(rows[0][1])} at {rows[0][0]:g} dB "
        f"to {show(rows[-1][1])} at {rows[-1][0]:g} dB",
        "An attack that does less harm with more power has lost its way: its gradients "
        "mislead it, or its steps are too few. The true robustness is lower.",
    )


def success_reaches_chance(evaluation):
    """A perturbation that drowns the codeword must leave only guessing."""
    row = evaluation.at("universal_pgd", psr_db=CHANCE_PSR_DB)
    if row is None or row.psr_db is None:
        return None
    chance = 1 - 1 / evaluation.link.M
    return Finding(
        "success reaches chance",
        rate(row)[2] >= _CHANCE_SHARE * chance,
        f"BLER {show(row)} at PSR {CHANCE_PSR_DB:g} dB, chance is {chance:.4f}",
        "Below chance at an unbounded PSR, the attack does not reach the decoder at "
        "all, or the decoder removes the perturbation, so that only an attack on that "
        "removal tells anything.",
    )


def white_box_beats_black_box(evaluation):
    """Who knows the link must do at least as much harm as who does not."""
    pairs = [("twin", psr, row) for psr, row in evaluation.over_psr("twin").items()]
    pairs += [("black_box", p, r) for p, r in evaluation.over_psr("black_box").items()]
    if not pairs:
        return None
    white = evaluation.over_psr("universal_pgd")
    worse = [
        f"{role} {show(row)} against white box {show(white[psr])} at {psr:g} dB"
        for role, psr, row in pairs
        if psr in white and exceeds(row, white[psr])
    ]
    return Finding(
        "white box beats black box",
        not worse,
        "; ".join(worse)
        or f"{len(pairs)} transferred perturbations do no more harm "
        "than those crafted against the link",
        "A perturbation crafted against another decoder (a substitute, or the nearest "
        "codeword of the same codebook) does more harm than one crafted against the "
        "link itself: the link hides its gradients (masking), it is not robust.",
    )


def iterative_beats_single_step(evaluation):
    """Many steps must do at least as much harm as one."""
    worse = []
    for one, many in (("universal_fgm", "universal_pgd"), ("fgm", "per_message_pgd")):
        steps, single = evaluation.over_psr(many), evaluation.over_psr(one)
        worse += [
            f"{one} {show(row)} against {many} {show(steps[psr])} at {psr:g} dB"
            for psr, row in single.items()
            if psr in steps and exceeds(row, steps[psr])
        ]
    if not evaluation.over_psr("universal_pgd"):
        return None
    return Finding(
        "iterative beats single step",
        not worse,
        "; ".join(worse) or "at every PSR, universal and per message",
        "An iterative attack that is weaker than one step of the gradient is not tuned "
        "to this link, or the loss surface is broken up to mislead it.",
    )


def attack_beats_jamming(evaluation):
    """A crafted perturbation must do more harm than noise of its power."""
    crafted, noise = (
        evaluation.over_psr(role) for role in ("universal_pgd", "noise_jammer")
    )
    worse = [
        f"jamming {show(row)} against {show(crafted[psr])} at {psr:g} dB"
        for psr, row in noise.items()
        if psr in crafted and exceeds(row, crafted[psr])
    ]
    if not noise:
        return None
    return Finding(
        "attack beats jamming",
        not worse,
        "; ".join(worse) or "at every PSR",
        "An attack below the zero line of Gaussian jamming has found nothing. It says "
        "nothing about robustness.",
    )


def upper_bounds_hold(evaluation):
    """More knowledge must do more harm: universal, per message, per sample."""
    order = ("universal_pgd", "per_message_pgd", "per_sample_pgd")
    rows = [(role, evaluation.at(role)) for role in order]
    rows = [(role, row) for role, row in rows if row is not None]
    if len(rows) < 2:
        return None
    worse = [
        f"{less} {show(one)} exceeds {more} {show(other)}"
        for (less, one), (more, other) in zip(rows, rows[1:])  # noqa: B905, RUF007
        if exceeds(one, other)
    ]
    return Finding(
        "upper bounds hold",
        not worse,
        "; ".join(worse) or ", ".join(f"{role} {show(row)}" for role, row in rows),
        "An attack that knows the message, or even the noise, contains the one that "
        "does not. If it is weaker, it was not searched well enough.",
    )


def restarts_converged(evaluation):
    """Half of the restarts, from another seed, must find the same."""
    half, whole = evaluation.at("half_restarts"), evaluation.at("universal_pgd")
    if half is None or whole is None:
        return None
    apart = abs(rate(half)[0] - rate(whole)[0]) / max(rate(whole)[0], 1e-30)
    differ = exceeds(half, whole) or exceeds(whole, half)
    return Finding(
        "restarts converged",
        not (differ and apart > _RESTARTS_APART),
        f"half of the restarts {show(half)}, all {show(whole)}",
        "If the result still depends on the starts, a stronger perturbation is likely "
        "to be found with more of them: raise --restarts and --steps.",
    )


def crafted_anew_for_each_ebn0(evaluation):
    """A perturbation crafted at one Eb/N0 must not beat those crafted at the others."""
    stored, anew = evaluation.over_ebn0("stored"), evaluation.over_ebn0("universal_pgd")
    both = [db for db in sorted(stored) if db in anew]
    if not both:
        return None
    worse = [db for db in both if exceeds(stored[db], anew[db])]
    lost = max(rate(anew[db])[0] / max(rate(stored[db])[0], 1e-30) for db in both)
    return Finding(
        "crafted anew for each Eb/N0",
        not worse,
        f"crafted anew does up to {lost:.2g} times the harm of the one crafted at "
        f"{evaluation.ebn0_db:g} dB"
        + "".join(f"; at {db:g} dB the stored one is stronger" for db in worse),
        "Where a stored perturbation is the stronger one, crafting has not converged "
        "there. A curve over Eb/N0 of one stored perturbation under-reports.",
    )


def gradients_can_be_trusted(evaluation):
    """The gradient must be there, and must predict what a small step does."""
    found = evaluation.gradients
    if not found:
        return None
    zero, predicted = found["zero"], found["predicted"]
    return Finding(
        "gradients can be trusted",
        zero <= _ZERO_GRADIENTS and predicted >= _PREDICTED,
        f"zero or not finite for {zero:.1%} of the received vectors; correlation of "
        f"predicted and true change {predicted:.2f}",
        "Where gradients vanish (saturated logits) or do not predict (a decoder that "
        "is noisy or rugged), attacks that follow them find little although there is "
        "much to find.",
    )


def minimum_distance_bound(evaluation):
    """The strongest attack must reach what a push along the closest pair does."""
    rows = evaluation.over_psr("universal_pgd")
    if not rows:
        return None
    bounds = {psr: bound(evaluation.link, evaluation.ebn0_db, psr) for psr in rows}
    below = [
        f"{show(row)} at {psr:g} dB, bound {bounds[psr]:.2e}"
        for psr, row in rows.items()
        if rate(row)[2] < bounds[psr]
    ]
    return Finding(
        "reaches the minimum-distance bound",
        not below,
        "; ".join(below) or "at every PSR",
        "A push along the two closest codewords gives any minimum-distance decoder a "
        "BLER of at least (1/M) Q((dmin/2 - ||p||)/sigma). A lower figure means that "
        "the attack has not found even that.",
    )


def bound(link, ebn0_db, psr_db) -> float:
    """Return (1/M) Q((dmin/2 - ||p||)/sigma)."""
    book = np.asarray(link.codebook, complex)
    distance = np.sqrt((np.abs(book[:, None] - book[None]) ** 2).sum(axis=2))
    closest = distance[~np.eye(len(book), dtype=bool)].min()
    room = closest / 2 - perturbation_norm(psr_db, link.n)
    return q_function(room / noise_sigma(ebn0_db, link.rate)) / link.M


CHECKS = (
    success_grows_with_psr,
    success_reaches_chance,
    white_box_beats_black_box,
    iterative_beats_single_step,
    attack_beats_jamming,
    upper_bounds_hold,
    restarts_converged,
    crafted_anew_for_each_ebn0,
    gradients_can_be_trusted,
    minimum_distance_bound,
)
