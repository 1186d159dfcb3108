# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of semantic links, pairs and Eves: the frozen base, the loss."""

import math

import numpy as np
import pytest
import torch
from advphy_model.files import images
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.semantic_link import SemanticLink

from . import short_trainings
from .short_trainings import early_figures, scheme, settings, train
from .test_semantic_chain import through


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Measure little after a training, and save often."""
    short_trainings.quicken(monkeypatch)


@pytest.mark.parametrize("name", ["paired_arn", "minmax_arn", "keyed_arn"])
def test_a_pair_holds_its_base_bit_for_bit(tmp_path, name):
    made = train(name, tmp_path / "a.safetensors")
    base = SemanticLink.load(settings(name).link)
    assert made.base_sha256 == base.base_sha256
    assert made.recipe["base"] == {base.name: base.base_sha256}
    assert set(made.networks) - set(base.networks) == (
        {"bob"} if name == "keyed_arn" else {"alice", "bob"}
    )
    assert made.hides
    figures = early_figures(tmp_path / "a.safetensors")
    assert 0.01 < float(figures[-1]["mse"]) < 0.2
    assert 0 <= float(figures[-1]["accuracy"]) <= 1


def test_another_seed_gives_another_pairing(tmp_path):
    made = [
        train("paired_arn", tmp_path / "a.safetensors", "steps=2", seed=seed)
        for seed in (3, 4)
    ]
    assert made[0].pairing != made[1].pairing
    assert made[0].base_sha256 == made[1].base_sha256


def test_training_makes_things_better(tmp_path):
    figures = {}
    for name in ("semantic", "eve"):
        train(name, tmp_path / name, "steps=120")
        figures[name] = early_figures(tmp_path / name)
    assert float(figures["semantic"][-1]["mse"]) < 0.075  # the mean image has 0.068
    assert float(figures["eve"][-1]["accuracy"]) > 0.5  # by chance 0.1
    for rows in figures.values():
        assert float(rows[-1]["loss"]) < float(rows[0]["loss"])


def test_codes_have_the_power_that_is_said(tmp_path):
    for power in ("average", "per_message"):
        link = train("semantic", tmp_path / "a.safetensors", f"power={power}")
        pixels = images.load("mnist_sample").as_reals().astype(float)
        x = through(link.encoder, pixels)
        energy = (x**2).sum(axis=1)
        assert energy.mean() == pytest.approx(23, rel=1e-4)
        assert np.allclose(energy, 23, rtol=1e-4) == (power == "per_message")


def softmax(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("reading", "epsilon", "limit"),
    # Literally E||x||^2 = 1 over N = 23 dimensions; ours is N times that.
    [
        ("per_dimension", 0.1, 0.1),
        ("per_dimension", 1e-3, 1e-3),
        ("literal", 0.1, 2.3),
        ("literal", 1e-4, 2.3e-3),
    ],
)
@pytest.mark.parametrize("eves", ["eve_mnist", "eve_mnist+substitute_mnist"])
def test_the_loss_is_that_of_the_letter(reading, epsilon, limit, eves):
    weights = ("weight_power=0.3", "weight_communication=0.7", "weight_privacy=0.2")
    given = (f"power_reading={reading}", f"epsilon={epsilon}", f"eve={eves}")
    made = scheme("paired_arn", *given, *weights, "batch=50")
    loss, heard, labels = made.batch_loss(torch.Generator().manual_seed(9))
    link = made.link("now", {})

    # The same draws: images, then the SNR and the noise of Bob's, then of Eve's.
    generator = torch.Generator().manual_seed(9)
    sample = images.load("mnist_sample")
    chosen = torch.randint(len(sample), (50,), generator=generator).numpy()

    def noise():
        snr_db = 20 * torch.rand(50, 1, generator=generator)
        drawn = torch.randn(50, 23, generator=generator)
        return (drawn / 10 ** (snr_db / 20)).double().numpy()

    s = sample.pixels[chosen].reshape(50, -1) / 255
    x = through(
        link.networks["channel_encoder"], through(link.networks["semantic_encoder"], s)
    )
    delta = through(link.networks["alice"], x)
    y = x + delta + noise()
    z = x + delta + noise()
    decoded = through(link.decoder, y - through(link.networks["bob"], y))
    power = max(0.0, (delta**2).sum(axis=1).mean() / 23 - limit)  # [arn, eq. 20]
    communication = ((decoded - s) ** 2).mean()  # [arn, eq. 21], per pixel
    confidences = [
        softmax(through(Eve.load(name).networks["classifier"], z))[
            np.arange(50), sample.labels[chosen]
        ].mean()
        for name in eves.split("+")
    ]  # [arn, eq. 22-23]
    expected = 0.3 * power + 0.7 * communication + 0.2 * np.mean(confidences)
    assert loss.item() == pytest.approx(expected, abs=1e-5)
    assert np.allclose(heard.numpy(), z, atol=1e-4)
    assert np.array_equal(labels.numpy(), sample.labels[chosen])
    assert (power > 0) == (limit < 0.01)  # both sides of the limit are looked at


def test_only_the_pair_has_gradients():
    made = scheme("paired_arn", "batch=20")
    assert math.isfinite(made.gradients(torch.Generator().manual_seed(1)))
    pair = {id(p) for p in made.groups()[0]["params"]}
    assert all(p.grad is not None for p in made.groups()[0]["params"])
    frozen = [
        p for net in (made._decoder, *made._classifiers) for p in net.parameters()
    ]
    assert not any(p.requires_grad or id(p) in pair for p in frozen)


def test_the_keyed_denoiser_begins_as_nothing():
    made = scheme("keyed_arn").link("now", {})
    y = np.random.default_rng(1).normal(size=(9, 23))
    assert np.array_equal(through(made.networks["bob"], y), np.zeros((9, 23)))
    assert "bob" not in scheme("keyed_arn", "denoiser=none").link("now", {}).networks


def test_adapting_eves_learn_between_steps_of_the_pair():
    made = scheme("minmax_arn", "batch=256", "eve_steps=20")
    before = {key: value.clone() for key, value in made.state().items()}
    pair = [p.clone() for p in made.groups()[0]["params"]]
    losses = []
    for step in range(6):  # nobody moves the pair, so Eves get better at it
        made.gradients(torch.Generator().manual_seed(step))
        with torch.no_grad():
            _, heard, labels = made.batch_loss(torch.Generator().manual_seed(99))
            losses.append(
                torch.nn.functional.cross_entropy(
                    made._classifiers[0](heard), labels
                ).item()
            )
    assert losses[-1] < losses[0]
    assert all(
        not torch.equal(value, before[key]) for key, value in made.state().items()
    )
    assert all(map(torch.equal, pair, made.groups()[0]["params"]))
