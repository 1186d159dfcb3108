# SPDX-License-Identifier: GPL-3.0-or-later
"""Each check sees the bad defense or the weak attack that it is there for."""

import dataclasses
import math

import numpy as np
import pytest
from advphy_model.air.adversary import Adversary
from advphy_model.complex_baseband import to_reals
from advphy_model.link import links
from advphy_model.link.baselines.simplices import equal as codebook
from advphy_model.link.link_model import LinkModel
from advphy_model.measure import link_chain, ranges
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import Counts, LinkSetting
from advphy_model.network.network import Layer, Network
from advphy_model.receive.canceller import CancellerSettings
from advphy_training import attacks
from advphy_training.attacked_link import AttackedLink
from advphy_training.attacks import Plan
from advphy_training.evaluate import checks, schedules
from advphy_training.evaluate.checks.attack import bound
from advphy_training.evaluate.checks.finding import exceeds
from advphy_training.evaluate.robustness import (
    CHANCE_PSR_DB,
    Counter,
    Evaluation,
    _per_sample,
    control_names,
    evaluate,
)

from . import short_trainings

PLAN = Plan(restarts=4, steps=15)
REALS = to_reals(codebook())  # [16, 14]


def link(name, *layers):
    """Return two simplices with a decoder of these layers."""
    decoder = Network(layers, (14,))
    return LinkModel(name, 4, 7, codebook(), "network", {"decoder": decoder})


def dense(name, weight, bias=None):
    bias = np.zeros(len(weight)) if bias is None else bias
    return Layer("dense", name, {"weight": weight, "bias": bias})


def two_layers(name, weight, bias, out):
    """Return a link that decides by out relu(weight y + bias)."""
    return link(
        name, dense("in", weight, bias), Layer("relu", "relu"), dense("out", out)
    )


def sound_link():
    """Return the nearest-codeword decision as a linear network."""
    return link("sound", dense("out", REALS))


def saturated_link():
    """Return logits behind a softmax so steep that it is 0 or 1 in float32."""
    return link("saturated", dense("out", 1e4 * REALS), Layer("softmax", "softmax"))


def zero_gradient_link():
    """Return a decoder that sees only signs: clip(1e4 y) has no gradient."""
    steep, bias = 1e4 * np.eye(14), np.repeat([0.5, -0.5], 14)
    out = np.hstack([REALS, -REALS])
    return two_layers("zero_gradients", np.vstack([steep, steep]), bias, out)


def noisy_link():
    """Return a decoder that adds a fast triangular ripple to each real."""
    period, height = 0.1, 0.25
    hinges = np.arange(-4, 4, period / 2)
    slopes = np.where(np.arange(len(hinges)) % 2, -1.0, 1.0) * 4 * height / period * 2
    slopes[0] /= 2
    eye = np.repeat(np.eye(14), len(hinges), axis=0)
    straight = np.vstack([np.eye(14), -np.eye(14), eye])
    bias = np.concatenate([np.zeros(28), np.tile(-hinges, 14)])
    joined = np.hstack([np.eye(14), -np.eye(14), np.kron(np.eye(14), slopes)])
    return two_layers("noisy", straight, bias, REALS @ joined)


def one_p_link(p):
    """Return max(logits(y), logits(y - p)): robust against this p alone.

    max(a, b) = b + relu(a - b), where b is relu(b) - relu(-b).
    """
    shift, eye = -REALS @ to_reals(p)[0], np.eye(16)
    weight = np.vstack([np.zeros((16, 14)), REALS, -REALS])
    bias = np.concatenate([-shift, shift, -shift])
    return two_layers("one_p", weight, bias, np.hstack([eye, eye, -eye]))


@pytest.mark.parametrize("make", [saturated_link, zero_gradient_link, noisy_link])
def test_gradients_that_mislead_are_flagged(make):
    found = Evaluation(make(), 8.0, -6.0)
    found.gradients = AttackedLink(make(), 8.0).gradients(1)
    (finding,) = checks.findings(found)
    assert finding.name == "gradients can be trusted"
    assert not finding.passed
    found.gradients = AttackedLink(sound_link(), 8.0).gradients(1)
    assert checks.findings(found)[0].passed


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that evaluates a link with little effort."""
    short_trainings.judge_little(monkeypatch)

    def run(model, claimed=None, canceller=None):
        at = (model, PLAN, [-6.0], [8.0], tmp_path, Counter(None, 300, 200_000))
        *_, (_, _, found) = evaluate(*at, claimed, canceller)
        return found

    return run


def flagged(found):
    """Return the names of the checks that distrust an Evaluation."""
    return [f.name for f in checks.findings(found) if not f.passed]


def test_a_sound_link_is_trusted(run):
    found = run(sound_link())
    assert len(checks.findings(found)) >= 10
    assert flagged(found) == []


def test_a_defense_that_knows_only_one_p_is_flagged(run):
    p = attacks.craft("universal_pgd", links.load("two_simplices"), PLAN)
    model = one_p_link(p.rows)
    claimed = dataclasses.replace(p, victims={"two_simplices": model.sha256})
    assert "resists more than the claimed perturbation" in flagged(run(model, claimed))


class Harmful:
    """A canceller that subtracts a p that nobody added."""

    def __init__(self, p):
        self.p = p

    def cancel(self, y):
        y -= self.p


def test_a_canceller_that_does_harm_is_flagged(run, monkeypatch):
    p = attacks.craft("universal_pgd", links.load("two_simplices"), PLAN).rows
    monkeypatch.setattr(link_chain, "shared_canceller", lambda *_: Harmful(p))
    monkeypatch.setattr(schedules, "BOOK", 4)
    monkeypatch.setattr(schedules, "DRAWN", 6)
    monkeypatch.setattr(schedules, "MORE_BLOCKS", 2**16)
    name = "the defense does not help the adversary"
    found = run(sound_link(), canceller=CancellerSettings())
    (finding,) = (f for f in checks.findings(found) if f.name == name)
    assert not finding.passed
    assert "clean: with canceller" in finding.numbers
    both = schedules.pairs(found)
    assert len(both) == 11
    assert exceeds(*both["clean"][::-1])


def test_restarts_are_compared_by_counts_that_can_tell_ten_percent(monkeypatch):
    """1000 errors made 7.83e-3 of 8.4e-3 and 9.00e-3 of 8.6e-3: a false alarm."""
    asked = {}

    def count(counter, job):
        asked.setdefault(job.role, counter.min_errors)
        return row(1e-3, True)

    monkeypatch.setattr(Counter, "row", count)
    *_, _ = evaluate(sound_link(), PLAN, [-6.0], [], "", Counter(None, 1000))
    assert asked["universal_pgd"] == asked["half_restarts"] == 8000
    assert asked["clean"] == asked["noise_jammer"] == 1000


def test_the_per_sample_bound_reaches_the_published_attack():
    """APGD-T of torchattacks reaches 0.569 to 0.572 on these blocks."""
    link = links.load("autoencoder_mlp_8p5db")
    row = _per_sample(AttackedLink(link, 8.0), Plan())
    assert (row.blocks, row.psr_db) == (4096, -6.0)
    assert row.failures / row.blocks > 0.569


def row(bler, attacked):
    at = ("planted", "loop", 8.0, 1, 0, 1_000_000, round(bler * 1_000_000), 0, "0")
    return Counts(*at, **({"psr_db": -6.0, "attack": "x"} if attacked else {}))


AT_MINUS_SIX_DB = {
    "noise_jammer": 1e-3,
    "universal_fgm": 4e-3,
    "universal_pgd": 5e-3,
    "fgm": 2e-2,
    "twin": 4e-3,
    "per_message_pgd": 4e-2,
    "nearest_codeword": 5e-3,
}


def planted(**changes):
    """Return an Evaluation with which nothing is wrong, but for the changes."""
    model = dataclasses.replace(
        sound_link(), recipe={"scheme": "gan_defence", "settings": {}}
    )
    found = Evaluation(model, 8.0, -6.0)
    found.gradients = {"zero": 0.0, "predicted": 0.95}
    found.certified = {(8.0, -10.0): (6e-3, 2e-2), (8.0, -6.0): (5e-2, 0.2)}
    values = {
        ("clean", 8.0, None): 2.3e-6,
        ("nearest_codeword_clean", 8.0, None): 2.3e-6,
        ("half_restarts", 8.0, -6.0): 5e-3,
        ("per_sample_pgd", 8.0, -6.0): 0.5,
        ("universal_pgd", 8.0, CHANCE_PSR_DB): 0.9375,
        ("black_box", 8.0, -6.0): 2e-3,
        ("stored", 4.0, -6.0): 4e-2,
        ("universal_pgd", 4.0, -6.0): 5e-2,
        ("stored", 8.0, -6.0): 5e-3,
        ("claimed", 8.0, -6.0): 4e-3,
        ("canceller", 8.0, -6.0): 1e-5,
        ("clean, canceller", 8.0, None): 2.3e-6,
        ("p hops", 8.0, -6.0): 5e-3,
        ("p hops, canceller", 8.0, -6.0): 5e-3,
        ("control autoencoder_mlp", 8.0, -6.0): 2e-2,
    }
    for psr_db, share in ((-10.0, 0.1), (-6.0, 1.0), (-2.0, 20.0)):
        values |= {
            (role, 8.0, psr_db): bler * share for role, bler in AT_MINUS_SIX_DB.items()
        }
    values.update(changes.get("counts", {}))
    for key, bler in values.items():
        found.counts[key] = row(bler, key[2] is not None)
    found.gradients.update(changes.get("gradients", {}))
    return found


def test_the_planted_evaluation_is_trusted():
    findings = checks.findings(planted())
    assert len(findings) == len(checks.CHECKS)
    assert flagged(planted()) == []
    assert all(f.numbers and f.why.endswith(".") for f in findings)


PLANTS = {
    "success grows with PSR": {("universal_pgd", 8.0, -2.0): 4e-3},
    "success reaches chance": {("universal_pgd", 8.0, CHANCE_PSR_DB): 0.6},
    "white box beats black box": {("twin", 8.0, -6.0): 9e-3},
    "iterative beats single step": {("universal_fgm", 8.0, -6.0): 7e-3},
    "attack beats jamming": {("noise_jammer", 8.0, -6.0): 8e-3},
    "upper bounds hold": {("per_sample_pgd", 8.0, -6.0): 1e-2},
    "restarts converged": {("half_restarts", 8.0, -6.0): 3.5e-3},
    "crafted anew for each Eb/N0": {("stored", 4.0, -6.0): 9e-2},
    "beats plain training": {("control autoencoder_mlp", 8.0, -6.0): 5e-3},
    "as good as the nearest codeword": {("nearest_codeword", 8.0, -6.0): 3e-3},
    "reaches the minimum-distance bound": {("universal_pgd", 8.0, -10.0): 1e-5},
    "no attack beats the certificate": {("per_message_pgd", 8.0, -10.0): 3e-2},
    "resists more than the claimed perturbation": {("claimed", 8.0, -6.0): 1e-4},
    "the defense does not help the adversary": {("p hops, canceller", 8.0, -6.0): 6e-3},
}


@pytest.mark.parametrize("name", PLANTS)
def test_each_check_sees_what_it_is_there_for(name):
    assert name in flagged(planted(counts=PLANTS[name]))


def test_every_check_has_a_plant():
    names = {finding.name for finding in checks.findings(planted())}
    assert names == {*PLANTS, "gradients can be trusted"}


def test_a_clean_rate_below_the_nearest_codeword_is_impossible():
    changed = planted(counts={("nearest_codeword_clean", 8.0, None): 1e-4})
    assert flagged(changed) == ["as good as the nearest codeword"]


def test_the_bound_is_that_of_the_closest_pair():
    room = math.sqrt(14) / 2 - math.sqrt(7 * 10**-0.6)
    sigma = math.sqrt(7 / 8 / 10**0.8)
    expected = math.erfc(room / sigma / math.sqrt(2)) / 2 / 16
    assert bound(sound_link(), 8.0, -6.0) == pytest.approx(expected)


def test_controls_are_plain_autoencoders_of_the_same_architecture():
    assert "autoencoder_mlp" in control_names(sound_link())
    assert control_names(links.load("autoencoder_mlp"))[0] != "autoencoder_mlp"
    names = control_names(links.load("autoencoder_cnn_8p5db"))
    assert names
    assert not [name for name in names if "mlp" in name]


def test_a_search_finds_the_schedule_that_a_canceller_handles_worst(monkeypatch):
    link, canceller = links.load("two_simplices"), CancellerSettings(window=1024)
    p = attacks.craft("universal_pgd", link, PLAN)
    monkeypatch.setattr(schedules, "DRAWN", 8)
    monkeypatch.setattr(schedules, "MORE_BLOCKS", 2**17)
    found = schedules.searched(link, p, -6.0, 6.0, canceller, seed=1)

    def failures(arrival):
        adversary = Adversary(p, -6.0, **arrival)
        setting = LinkSetting(link, 6.0, 9, adversary, canceller)
        (row,) = ranges.total(setting, StopRule(None, 2**18))
        return row.failures

    assert failures(found) > 3 * failures({})  # the canceller removes a constant p
