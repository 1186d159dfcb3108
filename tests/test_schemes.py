# SPDX-License-Identifier: GPL-3.0-or-later
"""The defenses' training: the signs of the game, frozen encoders, power."""

import dataclasses

import numpy as np
import pytest
import torch
from advphy_model import found_by_name
from advphy_model.complex_baseband import to_reals
from advphy_model.link import links
from advphy_model.link.baselines.nearest_codeword import union_bound
from advphy_model.measure.error_rate import StopRule
from advphy_training import link_scheme, schemes
from advphy_training.schemes import gan_defence

from . import short_trainings
from .short_trainings import early_figures, scheme, train

PLAIN = "link=autoencoder_mlp_8p5db"


SIGNED = ("hidden_bias",)  # settings below 0 without a limit


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Measure little after a training, and save often."""
    short_trainings.quicken(monkeypatch)


def test_a_setting_that_cannot_be_is_refused_by_every_scheme():
    for name in found_by_name.names(schemes):
        module = schemes.scheme(name)
        for field in dataclasses.fields(module.Settings):
            if field.name in ("link", "images", "eve", "measured_with", "recording"):
                continue  # files or names, which the training looks for
            wrong = ["nonsense", "nan", "inf", "-1e9"][: 4 - (field.name in SIGNED)]
            for value in wrong:
                with pytest.raises(ValueError, match=value[:3].strip("e")):
                    schemes.settings(module, [f"{field.name}={value}"])


def test_early_figures_are_of_both_rates(tmp_path):
    train("pool_defence", tmp_path / "a.safetensors")
    for row in early_figures(tmp_path / "a.safetensors"):
        assert (row["ebn0_db"], row["psr_db"]) == ("5.0", "-6.0")
        assert 0 < float(row["bler_clean"]) < float(row["bler_attacked"]) < 1


@pytest.mark.parametrize(
    ("name", "given"), [("adversarial_training", (PLAIN,)), ("gan_defence", (PLAIN,))]
)
def test_a_frozen_encoder_keeps_the_codebook(tmp_path, name, given):
    path = tmp_path / "a.safetensors"
    frozen = train(name, path, *given, "encoder=frozen")
    start = links.load("autoencoder_mlp_8p5db")
    assert np.allclose(frozen.codebook, start.codebook, atol=1e-6)
    assert frozen.recipe["started_from"] == {start.name: start.sha256}
    trained = train(name, path, *given)
    assert not np.allclose(trained.codebook, start.codebook, atol=1e-3)


@pytest.mark.parametrize("seed", [1, 3])
def test_as_many_perturbations_are_held_as_asked_for(seed):
    given = ("perturbations=2", "restarts=1", PLAIN)
    held = scheme("adversarial_training", *given, seed=seed).state()["held"]
    assert held.shape == (2, 14)
    assert not torch.allclose(*held)


@pytest.mark.parametrize(
    ("given", "energy"),
    [("convention=power", 0.2 * 7), ("convention=amplitude", 0.04 * 7)],
)
def test_the_generator_spends_what_epsilon_means(given, energy):
    for architecture in ("mlp", "cnn"):
        made = scheme("gan_defence", given, f"architecture={architecture}")
        book = torch.tensor(to_reals(links.load("two_simplices").codebook))
        p = made.perturbations(book)
        assert torch.allclose((p**2).sum(1), torch.tensor(energy), rtol=1e-4)
        assert not torch.allclose(p[0], p[1], atol=1e-3)  # it looks at the codeword


def test_the_pool_keeps_its_power_and_climbs():
    made = scheme("pool_defence", "batch=4096", PLAIN, "ascent=0.2")
    first = made.loss(torch.Generator().manual_seed(1)).item()
    for step in range(20):
        made.gradients(torch.Generator().manual_seed(step))  # nobody descends
    pool = made.state()["pool"]
    assert torch.allclose((pool**2).sum(1), torch.tensor(7 * 10**-0.6), rtol=1e-4)
    assert made.loss(torch.Generator().manual_seed(1)).item() > first


def descend(gamma, steps=300):
    """Play min over a, max over b of a b, whose only solution is (0, 0)."""
    a, b = (torch.tensor([1.0], requires_grad=True) for _ in range(2))
    optimizer = torch.optim.SGD([a, b], lr=0.1)
    for _ in range(steps):
        gan_defence.consensus_gradients((a * b).sum(), [a], [b], gamma)
        optimizer.step()
    return float(a.detach() ** 2 + b.detach() ** 2)


def test_consensus_makes_a_circling_game_converge():
    # Explicit steps of rate h multiply a^2 + b^2 by 1 + h^2, with the regulariser by
    # (1 - gamma h)^2 + h^2 [gan, eq. 10, with the sign that converges].
    assert descend(0) == pytest.approx(2 * 1.01**300, rel=1e-3)
    assert descend(1) == pytest.approx(2 * (0.9**2 + 0.1**2) ** 300, abs=1e-6)


@pytest.mark.parametrize(
    "link", ["autoencoder_cnn_8p5db", "two_simplices", "autoencoder_mlp_n4_k4"]
)
def test_a_link_of_other_networks_is_refused(link):
    with pytest.raises(ValueError, match=f"link = {link}.*architecture = mlp"):
        scheme("pool_defence", f"link={link}")


def test_max_margin_has_no_decoder_and_is_measured_once(monkeypatch, tmp_path):
    monkeypatch.undo()
    monkeypatch.setattr(link_scheme, "RULE", StopRule(None, 100))
    model = train("max_margin", tmp_path / "a.safetensors")
    assert (model.decision, model.networks) == ("nearest_codeword", {})
    (rows,) = model.recipe["measured"].values()
    assert [(row["ebn0_db"], row["blocks"]) for row in rows] == [
        (db, 100) for db in range(9)
    ]


def test_max_margin_spreads_the_codebook(tmp_path):
    given = ("steps=300", "batch=128", "learning_rate=0.03")
    book = to_reals(train("max_margin", tmp_path / "a.safetensors", *given).codebook)
    distances = np.linalg.norm(book[:, None] - book, axis=2) + 99 * np.eye(16)
    assert distances.min() ** 2 > 11  # random: 3 to 5; Rankin's bound: 14


@pytest.mark.slow
def test_the_union_bound_leads_to_a_pair_and_a_simplex(tmp_path):
    given = ("objective=union_bound", "energy=average", "ebn0_db=8", "steps=1500")
    link = train("max_margin", tmp_path / "a.safetensors", *given)
    reached = union_bound(link.codebook, 4 / 7, 8.0)
    assert reached <= links.theory("pair_and_simplex")[1](8.0)
    energies = np.sort((np.abs(link.codebook) ** 2).sum(axis=1))
    assert np.allclose(energies[:14], energies[0], rtol=0.01)
    assert energies[14] > 1.1 * energies[13]
