# SPDX-License-Identifier: GPL-3.0-or-later
"""Attacks against closed forms, against each other, and against a well-kept library."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from advphy_model import randomness
from advphy_model.air.adversary import Adversary
from advphy_model.complex_baseband import to_complex, to_reals
from advphy_model.link import decision, links
from advphy_model.link.link_model import LinkModel
from advphy_model.measure.error_rate import interval
from advphy_model.network.network import Layer, Network
from advphy_model.power import noise_sigma
from advphy_training import arrivals, attacks, crafted, sphere
from advphy_training.attacks import Plan
from advphy_training.victim import Victim

from .counting import counted

QUICK = Plan(restarts=8, steps=30)
EBN0_DB = 4.0
NORM = 10 ** (-6 / 20)  # ||p|| at PSR -6 dB on n = 1


def q(x):
    return math.erfc(x / math.sqrt(2)) / 2


def antipodal(decision="nearest_codeword"):
    """Return the link that sends +1 or -1: every attack has a closed form."""
    networks = {}
    if decision == "network":
        weight = np.array([[1.0, 0.0], [-1.0, 0.0]])
        layer = Layer("dense", "out", {"weight": weight, "bias": np.zeros(2)})
        networks = {"decoder": Network((layer,), (2,))}
    return LinkModel("antipodal", 1, 1, np.array([[1], [-1]]), decision, networks)


def bler(model, attack, ebn0_db=EBN0_DB, blocks=2_000_000):
    row = counted(model, ebn0_db, blocks, seed=77, attack=attack)
    return row.block_errors / blocks


def agrees(found, expected, blocks=2_000_000):
    return abs(found - expected) < 4 * math.sqrt(expected / blocks)


@pytest.mark.parametrize("decision", ["nearest_codeword", "hard_decision", "network"])
@pytest.mark.parametrize(
    "name", ["universal_fgm", "universal_pgd", "generator_universal"]
)
def test_the_best_universal_push_on_two_points_is_along_their_line(name, decision):
    link, sigma = antipodal(decision), noise_sigma(EBN0_DB, 1)
    plan = dataclasses.replace(QUICK, ebn0_db=EBN0_DB)
    p = attacks.craft(name, link, plan)
    assert p.psr_db == pytest.approx(-6)
    assert abs(p.rows[0, 0].real) == pytest.approx(NORM, rel=5e-3)
    expected = (q((1 - NORM) / sigma) + q((1 + NORM) / sigma)) / 2
    assert bler(link, Adversary(p)) == pytest.approx(expected, rel=1e-2)


@pytest.mark.parametrize("decision", ["nearest_codeword", "network"])
@pytest.mark.parametrize("name", ["fgm", "per_message_pgd", "generator"])
def test_a_push_per_message_on_two_points_goes_to_the_other(name, decision):
    link, sigma = antipodal(decision), noise_sigma(EBN0_DB, 1)
    p = attacks.craft(name, link, dataclasses.replace(QUICK, ebn0_db=EBN0_DB))
    assert p.rows[:, 0] == pytest.approx([-NORM, NORM], abs=1e-2)
    expected = q((1 - NORM) / sigma)
    assert bler(link, Adversary(p)) == pytest.approx(expected, rel=1e-2)


def test_a_jammer_adds_its_power_to_the_noise():
    p = attacks.craft("noise_jammer", antipodal(), Plan(ebn0_db=EBN0_DB))
    assert p.victims == {}
    sigma = math.hypot(noise_sigma(EBN0_DB, 1), NORM / math.sqrt(2))
    assert agrees(bler(antipodal(), Adversary(p)), q(1 / sigma))


def test_knowing_the_noise_errs_where_the_push_reaches_the_line():
    sigma = noise_sigma(EBN0_DB, 1)
    plan = dataclasses.replace(QUICK, ebn0_db=EBN0_DB, steps=10)
    victim = Victim(antipodal(), EBN0_DB)
    errors, blocks = attacks.attack("per_sample_pgd").count(victim, plan, 20_000)
    low, high = interval(errors, blocks, confidence=0.9999)
    assert low < q((1 - NORM) / sigma) < high


def test_the_same_plan_gives_the_same_perturbation():
    link = links.load("autoencoder_mlp")
    one, same = (attacks.craft("universal_pgd", link, QUICK) for _ in range(2))
    other = attacks.craft("universal_pgd", link, dataclasses.replace(QUICK, seed=2))
    assert one.sha256 == same.sha256
    assert one.sha256 != other.sha256


def test_strength_grows_with_knowledge():
    link = links.load("autoencoder_mlp_8p5db")
    reached = [
        bler(link, Adversary(attacks.craft(name, link, QUICK)), 8.0, 500_000)
        for name in (
            "noise_jammer",
            "universal_fgm",
            "universal_pgd",
            "fgm",
            "per_message_pgd",
        )
    ]
    assert reached == sorted(reached)


def test_pgd_reaches_the_minimum_distance_bound_of_the_optimal_codebook():
    link = links.load("two_simplices")
    p = attacks.craft("universal_pgd", link, QUICK)
    room = math.sqrt(14) / 2 - math.sqrt(7 * 10**-0.6)
    bound = q(room / noise_sigma(8.0, 4 / 7)) / 16  # squared distance 14: Rankin
    assert bler(link, Adversary(p), 8.0) > bound


def test_black_box_names_the_substitutes_not_the_link():
    link, substitute = (
        links.load("autoencoder_mlp"),
        links.load("autoencoder_mlp_8p5db"),
    )
    p = attacks.craft("universal_fgm", link, QUICK, [substitute])
    assert p.name == "universal_fgm_black_box"
    assert p.victims == {substitute.name: substitute.sha256}
    assert p.knowledge["weights"] == "substitutes"
    assert substitute.sha256[:12] in p.warning_for(link)
    with pytest.raises(ValueError, match="is the link itself"):
        attacks.craft("universal_fgm", link, QUICK, [link])
    with pytest.raises(ValueError, match="does not have the k and n"):
        attacks.craft("universal_fgm", link, QUICK, [links.load("bpsk")])


def test_an_ensemble_is_attacked_on_average():
    both = [links.load("autoencoder_mlp_8p5db"), links.load("autoencoder_cnn_8p5db")]
    plan = dataclasses.replace(QUICK, restarts=4, steps=15)
    p = attacks.craft("universal_pgd", links.load("autoencoder_mlp"), plan, both)
    assert len(p.victims) == 2
    alone = attacks.craft("universal_pgd", both[0], plan)
    second = [bler(both[1], Adversary(x), 8.0, 300_000) for x in (alone, p)]
    assert second[1] > second[0]


def test_unknown_shifts_are_true_cyclic_shifts_of_the_complex_vector():
    n, generator = 5, torch.Generator().manual_seed(1)
    p = np.arange(1, 6) + 1j * np.arange(11, 16)
    reals = torch.tensor(to_reals(p)[None])
    plan = Plan(shift="random")
    arrived = to_complex(arrivals.arrive(reals, 200, plan, generator)[0].numpy())
    rolled = {tuple(np.roll(p, s).astype(np.complex64)) for s in range(n)}
    assert {tuple(row) for row in arrived} == rolled
    variants = [
        to_complex(v)[0, 0] for v in arrivals.variants(reals[None].numpy(), plan)
    ]
    assert {tuple(v) for v in variants} == rolled


def test_unknown_phases_keep_the_power_and_go_round():
    generator = torch.Generator().manual_seed(1)
    reals = torch.tensor(to_reals(np.array([[1.0, 2j, -1.0]])))
    arrived = arrivals.arrive(reals, 4000, Plan(phase="random"), generator)[0]
    turned = to_complex(arrived.numpy()) / np.array([1.0, 2j, -1.0])
    assert np.abs(turned) == pytest.approx(np.ones((4000, 3)), abs=1e-5)
    assert np.ptp(turned, axis=1) == pytest.approx(np.zeros(4000), abs=1e-5)
    assert abs(turned[:, 0].mean()) < 4 / math.sqrt(4000)


def test_an_attack_that_expects_shifts_does_more_harm_when_shifted():
    link = links.load("autoencoder_mlp_8p5db")
    plan = dataclasses.replace(QUICK, restarts=16)
    unaware = attacks.craft("universal_pgd", link, plan)
    aware = attacks.craft(
        "universal_pgd", link, dataclasses.replace(plan, shift="random")
    )
    shifted = [
        bler(link, Adversary(p, shift="random"), 8.0, 500_000) for p in (unaware, aware)
    ]
    assert shifted[1] > shifted[0]
    assert aware.knowledge["timing"] == "random"


def test_a_step_along_no_gradient_stays():
    p = torch.tensor([[3.0, 4.0], [0.0, 5.0]])
    moved = sphere.step(p, torch.zeros(2, 2), 0.3)
    assert torch.allclose(moved, p)
    assert torch.allclose(
        sphere.step(p, torch.tensor([[1.0, 0.0], [0.0, 1.0]]), 0.5).norm(dim=1),
        torch.tensor([5.0, 5.0]),
    )


def test_foolbox_does_not_beat_us_at_equal_budget():
    import foolbox

    link, plan, blocks = (
        links.load("autoencoder_mlp_8p5db"),
        Plan(steps=20, restarts=6),
        1024,
    )
    victim = Victim(link, 8.0)
    ours, _ = attacks.attack("per_sample_pgd").count(victim, plan, blocks)
    y, sent = received(link, blocks)

    class Decoder(torch.nn.Module):
        def forward(self, batch):
            return victim.logits(batch)

    model = foolbox.PyTorchModel(Decoder().eval(), bounds=(-1e6, 1e6))  # no clipping
    fooled = np.zeros(blocks, bool)
    for attack in (
        foolbox.attacks.L2ProjectedGradientDescentAttack(steps=50),
        foolbox.attacks.L2DeepFoolAttack(overshoot=0.02),
        foolbox.attacks.L2FastGradientAttack(),
    ):
        _, pushed, _ = attack(model, y, sent, epsilons=plan.norm(7))
        assert float((pushed - y).norm(dim=1).max()) <= plan.norm(7) * 1.001
        decided, erased = np.empty(blocks, np.uint8), np.empty(blocks, np.uint8)
        decision.decider(link).decide(to_complex(pushed.numpy()), decided, erased)
        fooled |= decided != sent.numpy()
    low, high = interval(ours, blocks)
    assert fooled.sum() / blocks <= high
    assert fooled.sum() / blocks > low / 2  # the library's attacks are real


def received(link, blocks):
    """Return what per_sample_pgd of seed 1 sees: y as reals, and the messages."""
    sent = randomness.messages(1, 0, blocks, link.k)
    noise = noise_sigma(8.0, link.rate) * randomness.noise(1, 0, blocks, link.n)
    y = torch.tensor(to_reals(link.codebook[sent] + noise))
    return y, torch.tensor(sent.astype(np.int64))


def test_a_crafted_perturbation_is_kept_for_its_plan_only(tmp_path, monkeypatch):
    link, plan = links.load("autoencoder_mlp"), dataclasses.replace(QUICK, steps=3)
    first = crafted.craft_or_read("universal_fgm", link, plan, (), tmp_path)
    calls, craft = [], attacks.craft
    monkeypatch.setattr(attacks, "craft", lambda *a: calls.append(a) or craft(*a))
    again = crafted.craft_or_read("universal_fgm", link, plan, (), tmp_path)
    assert again.sha256 == first.sha256
    assert not calls
    crafted.craft_or_read(
        "universal_fgm", link, dataclasses.replace(plan, seed=9), (), tmp_path
    )
    assert len(calls) == 1
    (file,) = tmp_path.glob("*.safetensors")
    file.write_bytes(b"damaged")
    crafted.craft_or_read("universal_fgm", link, plan, (), tmp_path)
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"psr_db": 99}, "psr_db"),
        ({"ebn0_db": math.nan}, "ebn0_db"),
        ({"restarts": 0}, "restarts"),
        ({"steps": -1}, "steps"),
        ({"shift": "sometimes"}, "shift"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_senseless_plan_is_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        Plan(**changes)


def test_an_unknown_attack_is_refused_with_the_names_there_are():
    with pytest.raises(ValueError, match="neither a file nor one of: fgm, "):
        attacks.craft("nonsense", links.load("bpsk"), Plan())
    with pytest.raises(ValueError, match="knows the noise of every block"):
        attacks.craft("per_sample_pgd", links.load("bpsk"), Plan())
