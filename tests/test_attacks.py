# SPDX-License-Identifier: GPL-3.0-or-later
"""Attacks against closed forms, against each other, and against a well-kept library."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from advphy_model import randomness
from advphy_model.air import perturbation
from advphy_model.air.adversary import Adversary
from advphy_model.complex_baseband import to_complex, to_reals
from advphy_model.link import links
from advphy_model.link.link_model import LinkModel
from advphy_model.measure import table
from advphy_model.measure.error_rate import interval
from advphy_model.network.network import Layer, Network
from advphy_model.power import noise_sigma
from advphy_model.version import __version__
from advphy_training import attacks, projected_ascent, unknown_arrival
from advphy_training.attacked_link import AttackedLink
from advphy_training.attacks import Plan
from scipy import stats

from .counting import counted

ARRIVAL = {"shift": "known", "phase": "known"}
QUICK = Plan(restarts=8, steps=30)
EBN0_DB, SIGMA = 4.0, noise_sigma(4.0, 1)
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


def crafted(name, link, substitutes=(), **changes):
    if name.startswith("generator"):  # each of its restarts trains a network
        changes = {"restarts": 1} | changes
    return attacks.craft(name, link, dataclasses.replace(QUICK, **changes), substitutes)


def bler(model, p, ebn0_db=EBN0_DB, blocks=2_000_000, **arrival):
    attack = Adversary(p, **arrival)
    return counted(model, ebn0_db, blocks, seed=77, attack=attack).block_errors / blocks


@pytest.mark.parametrize("decision", ["nearest_codeword", "hard_decision", "network"])
@pytest.mark.parametrize(
    "name", ["universal_fgm", "universal_pgd", "generator_universal"]
)
def test_the_best_universal_push_on_two_points_is_along_their_line(name, decision):
    link = antipodal(decision)
    p = crafted(name, link, ebn0_db=EBN0_DB)
    assert p.psr_db == pytest.approx(-6)
    assert abs(p.rows[0, 0].real) == pytest.approx(NORM, rel=5e-3)
    expected = (q((1 - NORM) / SIGMA) + q((1 + NORM) / SIGMA)) / 2
    assert bler(link, p) == pytest.approx(expected, rel=1e-2)


@pytest.mark.parametrize("decision", ["nearest_codeword", "network"])
@pytest.mark.parametrize("name", ["fgm", "per_message_pgd", "generator"])
def test_a_push_per_message_on_two_points_goes_to_the_other(name, decision):
    link = antipodal(decision)
    p = crafted(name, link, ebn0_db=EBN0_DB)
    assert p.rows[:, 0] == pytest.approx([-NORM, NORM], abs=1e-2)
    assert bler(link, p) == pytest.approx(q((1 - NORM) / SIGMA), rel=1e-2)


def test_a_jammer_adds_its_power_to_the_noise():
    p = crafted("noise_jammer", antipodal(), ebn0_db=EBN0_DB)
    assert p.victims == {}
    expected = q(1 / math.hypot(SIGMA, NORM / math.sqrt(2)))
    sigma = math.sqrt(expected / 2_000_000)
    assert abs(bler(antipodal(), p) - expected) < 4 * sigma


def test_knowing_the_noise_errs_where_the_push_reaches_the_line():
    plan = dataclasses.replace(QUICK, ebn0_db=EBN0_DB, steps=10)
    attacked = AttackedLink(antipodal(), EBN0_DB)
    errors, blocks = attacks.attack("per_sample_pgd").count(attacked, plan, 20_000)
    low, high = interval(errors, blocks, confidence=0.9999)
    assert low < q((1 - NORM) / SIGMA) < high


def test_the_same_plan_gives_the_same_perturbation():
    link = links.load("autoencoder_mlp")
    one, same, other = (crafted("universal_pgd", link, seed=s) for s in (1, 1, 2))
    assert one.sha256 == same.sha256 != other.sha256


def test_strength_grows_with_knowledge():
    link = links.load("autoencoder_mlp_8p5db")
    names = ("noise_jammer", "universal_fgm", "universal_pgd", "fgm", "per_message_pgd")
    reached = [bler(link, crafted(name, link), 8.0, 500_000) for name in names]
    assert reached == sorted(reached)


@pytest.mark.slow
def test_eight_starts_of_any_seed_find_nearly_the_same():
    link = links.load("autoencoder_mlp_8p5db")
    found = [
        bler(
            link, crafted("universal_pgd", link, restarts=8, steps=100, seed=seed), 8.0
        )
        for seed in (1, 2, 3, 4)
    ]
    assert min(found) > 0.96 * max(found)


def test_pgd_reaches_the_minimum_distance_bound_of_two_simplices():
    link = links.load("two_simplices")
    room = math.sqrt(14) / 2 - math.sqrt(7 * 10**-0.6)
    bound = q(room / noise_sigma(8.0, 4 / 7)) / 16  # squared distance 14: Rankin
    assert bler(link, crafted("universal_pgd", link), 8.0) > bound


def test_black_box_names_the_substitutes_not_the_link():
    link, substitute = map(links.load, ("autoencoder_mlp", "autoencoder_mlp_8p5db"))
    p = crafted("universal_fgm", link, [substitute])
    assert p.name == "universal_fgm_black_box"
    assert p.victims == {substitute.name: substitute.sha256}
    assert p.knowledge["weights"] == "substitutes"
    assert substitute.sha256[:12] in p.warning_for(link)
    with pytest.raises(ValueError, match="is the link itself"):
        crafted("universal_fgm", link, [link])
    with pytest.raises(ValueError, match="does not have the k and n"):
        crafted("universal_fgm", link, [links.load("bpsk")])


def test_two_substitutes_of_one_name_are_refused(tmp_path):
    one, other = (links.load(f"autoencoder_{name}_8p5db") for name in ("mlp", "cnn"))
    other = dataclasses.replace(other, name=one.name)
    for craft, more in ((attacks.craft, ()), (attacks.craft_or_read, (tmp_path,))):
        with pytest.raises(ValueError, match="two substitutes have one name"):
            craft("fgm", links.load("autoencoder_mlp"), QUICK, [one, other], *more)


@pytest.mark.parametrize(
    ("name", "used"),
    [
        ("fgm", {"seed": 1}),
        ("noise_jammer", {}),
        ("universal_fgm", {"restarts": 30, "seed": 1}),
        ("per_message_pgd", {"restarts": 3, "steps": 1, "seed": 1, **ARRIVAL}),
        ("universal_pgd", {"restarts": 30, "steps": 1, "seed": 1, **ARRIVAL}),
    ],
)
def test_a_recipe_has_what_an_attack_uses(name, used):
    short = {"restarts": 30, "steps": 1}  # of 4 messages, 3 are wrong
    found = crafted(name, links.load("qpsk"), **short).recipe
    about = {"attack": name, "link": "qpsk", "psr_db": -6.0, "ebn0_db": 8.0}
    assert found == about | used | {"version": __version__}
    if "shift" not in used:
        with pytest.raises(ValueError, match=f"{name} cannot allow for.*shift"):
            crafted(name, links.load("qpsk"), shift="random")


def test_an_ensemble_is_attacked_on_average():
    both = [links.load("autoencoder_mlp_8p5db"), links.load("autoencoder_cnn_8p5db")]
    spent = {"restarts": 4, "steps": 15}
    p = crafted("universal_pgd", links.load("autoencoder_mlp"), both, **spent)
    assert len(p.victims) == 2
    alone = crafted("universal_pgd", both[0], **spent)
    second = [bler(both[1], x, 8.0, 300_000) for x in (alone, p)]
    assert second[1] > second[0]


def test_unknown_shifts_are_true_cyclic_shifts_of_the_complex_vector():
    n, generator = 5, torch.Generator().manual_seed(1)
    p = np.arange(1, 6) + 1j * np.arange(11, 16)
    reals = torch.tensor(to_reals(p)[None])
    plan = Plan(shift="random")
    arrived = to_complex(unknown_arrival.arrive(reals, 200, plan, generator)[0].numpy())
    rolled = {tuple(np.roll(p, s).astype(np.complex64)) for s in range(n)}
    assert {tuple(row) for row in arrived} == rolled
    variants = [
        to_complex(v)[0, 0] for v in unknown_arrival.variants(reals[None].numpy(), plan)
    ]
    assert {tuple(v) for v in variants} == rolled


def test_unknown_phases_keep_the_power_and_go_round():
    generator = torch.Generator().manual_seed(1)
    reals = torch.tensor(to_reals(np.array([[1.0, 2j, -1.0]])))
    arrived = unknown_arrival.arrive(reals, 4000, Plan(phase="random"), generator)[0]
    turned = to_complex(arrived.numpy()) / np.array([1.0, 2j, -1.0])
    assert np.abs(turned) == pytest.approx(np.ones((4000, 3)), abs=1e-5)
    assert np.ptp(turned, axis=1) == pytest.approx(np.zeros(4000), abs=1e-5)
    assert abs(turned[:, 0].mean()) < 4 / math.sqrt(4000)


def test_unknown_signs_and_frequencies_are_those_of_an_adversary():
    generator = torch.Generator().manual_seed(1)
    p = np.array([1.0, 2j, -1.0, 3.0])
    reals = torch.tensor(to_reals(p[None]))
    signs = unknown_arrival.arrive(reals, 4000, Plan(sign="random"), generator)[0]
    found = (to_complex(signs.numpy()) / p).real
    assert set(np.unique(found)) == {-1.0, 1.0}
    assert abs(found[:, 0].mean()) < 4 / math.sqrt(4000)
    plan = Plan(frequency="random")
    turned = to_complex(unknown_arrival.arrive(reals, 4000, plan, generator)[0].numpy())
    step = np.angle(turned[:, 1:] / p[1:] / (turned[:, :-1] / p[:-1]))
    assert turned[:, 0] == pytest.approx(1, abs=1e-5)
    assert np.ptp(step, axis=1) == pytest.approx(0, abs=1e-4)
    # Uniform within half a turn over the four channel uses, as Adversary draws it.
    assert stats.kstest(step[:, 0], "uniform", (-np.pi / 4, np.pi / 2)).pvalue > 1e-3
    both = list(unknown_arrival.variants(reals[None].numpy(), Plan(sign="random")))
    assert np.allclose(both[0], -both[1], atol=1e-6)


def test_an_attack_that_expects_shifts_does_more_harm_when_shifted():
    link = links.load("autoencoder_mlp_8p5db")
    unaware, aware = (
        crafted("universal_pgd", link, restarts=16, shift=shift)
        for shift in ("known", "random")
    )
    shifted = [bler(link, p, 8.0, 500_000, shift="random") for p in (unaware, aware)]
    assert shifted[1] > shifted[0]
    assert aware.knowledge["timing"] == "random"


@pytest.mark.parametrize("name", ["sign", "frequency"])
def test_a_perturbation_says_what_the_adversary_did_not_know(name):
    link = links.load("two_simplices")
    p = crafted("universal_pgd", link, restarts=1, steps=1, **{name: "random"})
    others = {"timing": "known", "phase": "known", "message": "unknown"}
    assert p.knowledge == {
        "weights": "white box",
        "noise": "unknown",
        **others,
        name: "random",
    }


def test_a_step_along_no_gradient_stays():
    p, none = torch.tensor([[3.0, 4.0], [0.0, 5.0]]), torch.zeros(2, 2)
    assert torch.allclose(projected_ascent.step(p, none, 0.3), p)
    moved = projected_ascent.step(p, torch.eye(2), 0.5)
    assert torch.allclose(moved.norm(dim=1), torch.tensor([5.0, 5.0]))


def test_foolbox_does_not_beat_us_at_equal_budget():
    import foolbox

    link, plan = links.load("autoencoder_mlp_8p5db"), Plan(steps=20, restarts=6)
    attacked, blocks = AttackedLink(link, 8.0), 1024
    ours, _ = attacks.attack("per_sample_pgd").count(attacked, plan, blocks)
    # What that attack sees with seed 1.
    sent = randomness.messages(1, 0, blocks, link.k)
    noise = attacked.sigma * randomness.noise(1, 0, blocks, link.n)
    y = torch.tensor(to_reals(link.codebook[sent] + noise))

    class Decoder(torch.nn.Module):
        def forward(self, batch):
            return attacked.logits(batch)

    model = foolbox.PyTorchModel(Decoder().eval(), bounds=(-1e6, 1e6))  # no clipping
    fooled = np.zeros(blocks, bool)
    for attack in (
        foolbox.attacks.L2ProjectedGradientDescentAttack(steps=50),
        foolbox.attacks.L2DeepFoolAttack(overshoot=0.02),
        foolbox.attacks.L2FastGradientAttack(),
    ):
        labels = torch.tensor(sent.astype(np.int64))
        _, pushed, _ = attack(model, y, labels, epsilons=plan.norm(7))
        assert float((pushed - y).norm(dim=1).max()) <= plan.norm(7) * 1.001
        fooled |= attacked.decide(to_complex(pushed.numpy()))[0] != sent
    low, high = interval(ours, blocks)
    assert low / 2 < fooled.sum() / blocks <= high  # the library's attacks are real


def test_a_crafted_perturbation_is_kept_for_its_plan_only(tmp_path, monkeypatch):
    link, plan = links.load("autoencoder_mlp"), dataclasses.replace(QUICK, steps=3)
    calls, craft = [], attacks.craft
    monkeypatch.setattr(attacks, "craft", lambda *a: calls.append(a) or craft(*a))

    def kept(plan):
        found = attacks.craft_or_read("universal_fgm", link, plan, (), tmp_path)
        return found.sha256, len(calls)

    first, _ = kept(plan)
    assert kept(plan) == (first, 1)
    assert kept(dataclasses.replace(plan, seed=9))[1] == 2
    (file,) = tmp_path.glob("*.safetensors")
    file.write_bytes(b"damaged")
    assert kept(plan) == (first, 3)
    monkeypatch.setattr(table, "__version__", "0.5.9")  # counts are those of 0.5.0
    assert kept(plan) == (first, 3)
    monkeypatch.setattr(table, "__version__", "0.6.0")
    assert kept(plan)[1] == 4


def test_a_perturbation_is_kept_in_its_folder_whatever_a_link_is_called(tmp_path):
    link, folder = links.load("autoencoder_mlp"), tmp_path / "kept" / "here"
    for name in ("x/../../../escaped", 512 * "long", "\u00fc: *"):
        at = dataclasses.replace(link, name=name), dataclasses.replace(QUICK, steps=1)
        for _ in range(2):
            attacks.craft_or_read("universal_fgm", *at, (), folder)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 3
    assert len(list(folder.glob("universal_fgm-*.safetensors"))) == 3


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
    with pytest.raises(
        ValueError, match="neither a file nor an attack; choose from fgm, "
    ):
        attacks.craft("nonsense", links.load("bpsk"), Plan())
    with pytest.raises(ValueError, match="knows the noise of every block"):
        attacks.craft("per_sample_pgd", links.load("bpsk"), Plan())


def test_a_book_has_strong_perturbations_of_unlike_direction():
    model = links.load("two_simplices")
    plan = attacks.Plan(restarts=16, steps=20, book=12)
    book = attacks.craft("universal_pgd", model, plan)
    assert (book.kind, len(book.rows), book.recipe["book"]) == ("book", 12, 12)
    reals = to_reals(book.rows)
    energy = np.sum(reals**2, axis=1)
    assert np.allclose(energy, 7 * 10**-0.6, rtol=1e-3)
    cosines = reals @ reals.T / np.sqrt(energy[:, None] * energy)
    assert np.max(cosines - 2 * np.eye(12)) < 0.9 + 1e-3
    one = counted(model, 8.0, 100_000, attack=Adversary(book, -6.0)).failures
    jammer = perturbation.jammer(4, 7, -6.0)
    assert one > 2 * counted(model, 8.0, 100_000, attack=Adversary(jammer)).failures


def test_a_book_needs_restarts_and_an_attack_that_makes_one():
    model = links.load("two_simplices")
    with pytest.raises(ValueError, match="universal_fgm crafts no book"):
        attacks.craft("universal_fgm", model, attacks.Plan(book=2))
    with pytest.raises(ValueError, match=r"book must.*got 5000"):
        attacks.Plan(book=5000)
