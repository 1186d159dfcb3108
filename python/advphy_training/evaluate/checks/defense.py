# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that the defense is better than links without a defense."""

from advphy_training.evaluate import schedules
from advphy_training.evaluate.checks.finding import check, exceeds, or_else, rate, show
from advphy_training.evaluate.robustness import control_names

_CLAIMED_FACTOR = 2.0  # by which a crafted perturbation may exceed the claimed one


@check("beats plain training")
def training_controls(evaluation):
    """Check that the defense beats plain training at another Eb/N0 or for longer.

    A plain autoencoder, trained at another Eb/N0 or for longer, is as robust as the
    defense: the gain may come from how far the codebook was spread, not from the
    defense.
    """
    if evaluation.link.recipe.get("scheme") == "autoencoder":
        return None  # it is plain training
    ours, names = evaluation.at("universal_pgd"), control_names(evaluation.link)
    rows = {name: evaluation.at(f"control {name}") for name in names}
    rows = {name: row for name, row in rows.items() if row is not None}
    if ours is None or not rows:
        return None
    as_good = [name for name, row in rows.items() if not exceeds(row, ours)]
    theirs = ", ".join(f"{name} {show(row)}" for name, row in rows.items())
    return as_good, f"the defense {show(ours)}; {theirs}"


@check("as good as the nearest codeword")
def nearest_codeword_control(evaluation):
    """Compare the link with the nearest codeword, without and under attack.

    The nearest codeword is the best decision in Gaussian noise: a link that seems
    better without attack is measured wrongly. One that is worse under attack would gain
    by throwing its learned decoder away.
    """
    clean, ideal = evaluation.at("clean"), evaluation.at("nearest_codeword_clean")
    ours, theirs = evaluation.at("universal_pgd"), evaluation.at("nearest_codeword")
    if None in (clean, ideal, ours, theirs):
        return None
    return exceeds(ideal, clean) or exceeds(ours, theirs), (
        f"clean {show(clean)}, nearest codeword {show(ideal)}; attacked {show(ours)}, "
        f"nearest codeword {show(theirs)}, each by a perturbation made for it"
    )


@check("resists more than the claimed perturbation")
def claimed_perturbation(evaluation):
    """Check that robustness against one known perturbation extends to others.

    The link knows the one perturbation that it was trained or tuned for, and no other:
    an adversary who crafts a new one meets no defense.
    """
    claimed, anew = evaluation.at("claimed"), evaluation.at("universal_pgd")
    if claimed is None or anew is None:
        return None
    factor = rate(anew).value / max(rate(claimed).value, 1 / claimed.blocks)
    return factor > _CLAIMED_FACTOR and exceeds(anew, claimed), (
        f"claimed {show(claimed)}, crafted anew {show(anew)}: {factor:.3g} times"
    )


@check("the defense does not help the adversary")
def defense_does_no_harm(evaluation):
    """Check that the canceller does no harm, whatever the adversary does.

    An adversary who knows the canceller chooses the schedule that it handles worst.
    Where the receiver errs more often with the canceller than without it, the defense
    is a second adversary.
    """
    pairs = schedules.pairs(evaluation)
    if not pairs:
        return None
    worse = [
        f"{name}: with canceller {show(defended)}, without {show(plain)}"
        for name, (plain, defended) in pairs.items()
        if exceeds(defended, plain)
    ]
    without, defended = (
        max(pairs, key=lambda name: rate(pairs[name][i]).value) for i in (0, 1)
    )
    return or_else(
        worse,
        f"an adversary who knows: with canceller {show(pairs[defended][1])} "
        f"({defended}), without {show(pairs[without][0])} ({without})",
    )
