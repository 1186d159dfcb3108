# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that the attack was strong enough."""

from itertools import pairwise

from advphy_model.link.baselines.nearest_codeword import q_function
from advphy_model.link.codebook_geometry import spectrum
from advphy_model.power import noise_sigma, perturbation_norm

from advphy_training.evaluate.checks.finding import check, exceeds, or_else, rate, show
from advphy_training.evaluate.robustness import CHANCE_PSR_DB

_CHANCE_SHARE = 0.98  # of 1 - 1/M that a drowning perturbation must reach
_RESTARTS_APART = 0.1  # relative difference that half of the restarts may have
_ZERO_GRADIENTS = 0.01  # share of received vectors
_PREDICTED = 0.8  # correlation; sound networks have 0.9 or more
_UNIVERSAL = ("universal_fgm", "universal_pgd", "half_restarts", "stored", "twin")
_UNIVERSAL += ("black_box", "generator_universal")
_PER_MESSAGE = ("fgm", "per_message_pgd", "generator", "claimed")


def _stronger(evaluation, pairs):
    """Return texts of the PSRs at which, of a pair, the first role does more harm."""
    return [
        f"{weak} {show(row)} against {strong} {show(limits[psr])} at {psr:g} dB"
        for weak, strong in pairs
        for limits in [evaluation.over_psr(strong)]
        for psr, row in evaluation.over_psr(weak).items()
        if psr in limits and exceeds(row, limits[psr])
    ]


@check("success grows with PSR")
def success_grows_with_psr(evaluation):
    """Check that a stronger perturbation does not do less harm.

    An attack that does less harm with more power has lost its way: its gradients
    mislead it, or its steps are too few. The true robustness is lower.
    """
    rows = list(evaluation.over_psr("universal_pgd").items())
    if len(rows) < 2:
        return None
    drops = [
        f"{show(row)} at {psr:g} dB, {show(later)} at {more:g} dB"
        for (psr, row), (more, later) in pairwise(rows)
        if exceeds(row, later)
    ]
    ends = [f"{show(row)} at {psr:g} dB" for psr, row in (rows[0], rows[-1])]
    return or_else(drops, f"BLER rises from {ends[0]} to {ends[1]}")


@check("success reaches chance")
def success_reaches_chance(evaluation):
    """Check that a perturbation that drowns the codeword leaves only guessing.

    Below chance at an unbounded PSR, the attack does not reach the decoder at all, or
    the decoder removes the perturbation, so that only an attack on that removal tells
    anything.
    """
    row = evaluation.at("universal_pgd", psr_db=CHANCE_PSR_DB)
    if row is None or row.psr_db is None:
        return None
    chance = 1 - 1 / evaluation.link.M
    numbers = f"BLER {show(row)} at PSR {CHANCE_PSR_DB:g} dB, chance is {chance:.4f}"
    return rate(row).high < _CHANCE_SHARE * chance, numbers


@check("white box beats black box")
def white_box_beats_black_box(evaluation):
    """Check that white-box attacks do at least as much harm as black-box ones.

    A perturbation crafted against another decoder (a substitute, or the nearest
    codeword of the same codebook) does more harm than one crafted against the link
    itself: the link hides its gradients (masking), it is not robust.
    """
    others = ("twin", "black_box")
    count = sum(len(evaluation.over_psr(role)) for role in others)
    if not count:
        return None
    return or_else(
        _stronger(evaluation, [(role, "universal_pgd") for role in others]),
        f"{count} transferred perturbations do no more harm than those crafted against "
        "the link",
    )


@check("iterative beats single step")
def iterative_beats_single_step(evaluation):
    """Check that many steps do at least as much harm as one.

    An iterative attack that is weaker than one step of the gradient is not tuned to
    this link, or the loss surface is broken up to mislead it.
    """
    if not evaluation.over_psr("universal_pgd"):
        return None
    pairs = [("universal_fgm", "universal_pgd"), ("fgm", "per_message_pgd")]
    fine = "at every PSR, universal and per message"
    return or_else(_stronger(evaluation, pairs), fine)


@check("attack beats jamming")
def attack_beats_jamming(evaluation):
    """Check that a crafted perturbation does more harm than noise of its power.

    An attack below the reference, a noise jammer, has found nothing. It says nothing
    about robustness.
    """
    if not evaluation.over_psr("noise_jammer"):
        return None
    pairs = [("noise_jammer", "universal_pgd")]
    return or_else(_stronger(evaluation, pairs), "at every PSR")


@check("upper bounds hold")
def upper_bounds_hold(evaluation):
    """Check that more knowledge does more harm: universal, per message, per sample.

    An attack that knows the message, or even the noise, contains the one that does not.
    If it is weaker, it was not searched well enough.
    """
    order = ("universal_pgd", "per_message_pgd", "per_sample_pgd")
    rows = [(role, evaluation.at(role)) for role in order]
    rows = [(role, row) for role, row in rows if row is not None]
    if len(rows) < 2:
        return None
    worse = [
        f"{less} {show(one)} exceeds {more} {show(other)}"
        for (less, one), (more, other) in pairwise(rows)
        if exceeds(one, other)
    ]
    return or_else(worse, ", ".join(f"{role} {show(row)}" for role, row in rows))


@check("restarts converged")
def restarts_converged(evaluation):
    """Check that half of the restarts, from another seed, find the same.

    If the result still depends on the starts, a stronger perturbation is likely to be
    found with more of them: raise --restarts and --steps.
    """
    half, whole = evaluation.at("half_restarts"), evaluation.at("universal_pgd")
    if half is None or whole is None:
        return None
    apart = abs(rate(half).value - rate(whole).value) / max(rate(whole).value, 1e-30)
    differ = exceeds(half, whole) or exceeds(whole, half)
    numbers = f"half of the restarts {show(half)}, all {show(whole)}"
    return differ and apart > _RESTARTS_APART, numbers


@check("crafted anew for each Eb/N0")
def crafted_anew_for_each_ebn0(evaluation):
    """Check that no perturbation is stronger than one crafted at the same Eb/N0.

    Where a stored perturbation is the stronger one, crafting has not converged there. A
    curve over Eb/N0 of one stored perturbation under-reports.
    """
    stored, anew = evaluation.over_ebn0("stored"), evaluation.over_ebn0("universal_pgd")
    both = [db for db in sorted(stored) if db in anew]
    if not both:
        return None
    worse = [db for db in both if exceeds(stored[db], anew[db])]
    lost = max(rate(anew[db]).value / max(rate(stored[db]).value, 1e-30) for db in both)
    return worse, (
        f"crafted anew does up to {lost:.2g} times the harm of the one crafted at "
        f"{evaluation.ebn0_db:g} dB"
        + "".join(f"; at {db:g} dB the stored one is stronger" for db in worse)
    )


@check("gradients can be trusted")
def gradients_can_be_trusted(evaluation):
    """Check that gradients exist and predict the effect of a small step.

    Where gradients vanish (saturated logits) or do not predict (a decoder that is noisy
    or rugged), attacks that follow them find little although there is much to find.
    """
    found = evaluation.gradients
    if not found:
        return None
    zero, predicted = found["zero"], found["predicted"]
    return not (zero <= _ZERO_GRADIENTS and predicted >= _PREDICTED), (
        f"zero or not finite for {zero:.1%} of the received vectors; correlation of "
        f"predicted and true change {predicted:.2f}"
    )


@check("reaches the minimum-distance bound")
def minimum_distance_bound(evaluation):
    """Check that the attack reaches the bound given by the closest codewords.

    A push along the two closest codewords gives any minimum-distance decoder a BLER of
    at least (1/M) Q((dmin/2 - ||p||)/sigma). A lower figure means that the attack has
    not found even that.
    """
    rows = evaluation.over_psr("universal_pgd")
    if not rows:
        return None
    bounds = {psr: bound(evaluation.link, evaluation.ebn0_db, psr) for psr in rows}
    below = [
        f"{show(row)} at {psr:g} dB, bound {bounds[psr]:.2e}"
        for psr, row in rows.items()
        if rate(row).high < bounds[psr]
    ]
    return or_else(below, "at every PSR")


@check("no attack beats the certificate")
def below_certificate(evaluation):
    """Check that no attack does more harm than is proven to be possible.

    An attack above the certificate means that something is wrong: a measurement, or an
    assumption of the certificate, such as decisions that look at one block only.
    """
    found = {
        (role, *key): (row, bounds[role in _PER_MESSAGE])
        for key, bounds in evaluation.certified.items()
        for role in (*_UNIVERSAL, *_PER_MESSAGE)
        if (row := evaluation.counts.get((role, *key)))
    }
    if not found:
        return None
    above = [
        f"{role} {show(row)} at Eb/N0 {ebn0_db:g} dB and PSR {psr_db:g} dB, certified "
        f"at most {most:.2e}"
        for (role, ebn0_db, psr_db), (row, most) in found.items()
        if rate(row).low > most
    ]
    return or_else(above, f"{len(found)} rates are below what is proven")


def bound(link, ebn0_db, psr_db) -> float:
    """Return the lower bound of the BLER, (1/M) Q((dmin/2 - ||p||)/sigma)."""
    closest, _ = spectrum(link.codebook)[0]
    room = closest / 2 - perturbation_norm(psr_db, link.n)
    return q_function(room / noise_sigma(ebn0_db, link.rate)) / link.M
