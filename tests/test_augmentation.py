# SPDX-License-Identifier: GPL-3.0-or-later
"""Impairments while training: the same as anywhere else, and their gradients."""

import numpy as np
import pytest
import torch
from advphy_model.air.channels import impairments
from advphy_training import loop
from advphy_training.schemes import autoencoder

from .counting import counted
from .test_impairments import with_all_others

LINEAR = [
    "cfo(frequency=0.02)",
    "clock_offset(ppm=1000, recovered=700, carrier=30)",
    "iq_imbalance(gain_db=2, phase_deg=10, dc_i=0.3)",
    "phase_noise(linewidth=0.01)",
    "rayleigh_block",
    "rician_block(coherence=4, coherent=True)",
    "timing_offset(offset=0.3)",
    "two_rays(delay=2, gain_db=-3, phase_deg=70)",
    "two_rays + rayleigh_block + cfo + iq_imbalance + phase_noise + timing_offset",
]
EVERY_KIND = with_all_others(*LINEAR, "clipping(level_db=-1)", "quantisation(bits=3)")


def batch(rng, blocks=40, n=7):
    return rng.standard_normal((blocks, 2 * n)).astype(np.float32)


def through(kind, x, seed=3):
    generator = torch.Generator().manual_seed(seed)
    return autoencoder.impaired(x, impairments(kind), generator)


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_torch_and_numpy_give_the_same_samples(kind, rng):
    x = batch(rng)
    seed, first = torch.randint(
        2**40, (2,), generator=torch.Generator().manual_seed(3)
    ).tolist()
    wanted = (x[:, :7] + 1j * x[:, 7:]).astype(np.complex64)
    for part in impairments(kind):
        wanted = part.impair(wanted, seed=seed, first_sample=7 * first)
    found = through(kind, torch.from_numpy(x)).numpy()
    assert np.allclose(found[:, :7] + 1j * found[:, 7:], wanted, atol=2e-6)


@pytest.mark.parametrize("kind", [*LINEAR, "clipping(level_db=-1)"])
def test_gradients_are_those_of_finite_differences(kind, rng):
    x = torch.from_numpy(batch(rng)).requires_grad_()
    weights = torch.from_numpy(batch(rng))
    (through(kind, x) * weights).sum().backward()
    # A linear map is its own difference at any step; clipping wants a small one.
    step = 1e-3 if "clipping" in kind else 1.0
    for row, column in [(0, 0), (3, 6), (17, 7), (39, 13), (20, 2)]:
        ends = []
        for sign in (1, -1):
            moved = x.detach().clone()
            moved[row, column] += sign * step
            ends.append((through(kind, moved) * weights).double()[row].sum())
        found = (ends[0] - ends[1]) / (2 * step)
        tolerance = 5e-3 if "clipping" in kind else 1e-5
        assert x.grad[row, column] == pytest.approx(found.item(), abs=tolerance)


def test_a_staircase_passes_gradients_straight_through(rng):
    x = torch.from_numpy(batch(rng)).requires_grad_()
    y = through("quantisation(bits=2)", x)
    assert len(torch.unique(y.detach())) == 4
    y.sum().backward()
    assert torch.all(x.grad == 1)


def test_each_batch_meets_other_draws():
    x = torch.ones(5, 14)
    generator = torch.Generator().manual_seed(1)
    parts = impairments("rayleigh_block")
    first, second = (autoencoder.impaired(x, parts, generator) for _ in range(2))
    assert not torch.equal(first, second)


def test_without_impairments_a_batch_is_what_it_was():
    settings = autoencoder.Settings(batch=64)
    scheme = autoencoder.Scheme(settings, 1)
    sent, y, codebook = scheme.received(torch.Generator().manual_seed(5))
    again = torch.Generator().manual_seed(5)
    assert torch.equal(sent, torch.randint(16, (64,), generator=again))
    noise = torch.randn(64, 14, generator=again)
    assert torch.equal(y, codebook[sent] + scheme._sigma * noise)


def test_the_gradient_reaches_the_encoder_through_a_channel():
    settings = autoencoder.Settings(batch=64, channel="two_rays + phase_noise")
    scheme = autoencoder.Scheme(settings, 1)
    scheme.gradients(torch.Generator().manual_seed(5))
    assert all(torch.any(p.grad != 0) for p in scheme._encoder.parameters())


def trained(channel):
    """Return a link after a short training."""
    settings = autoencoder.Settings(
        batch=256, steps=300, ebn0_db=5.0, hidden_bias=0.0, channel=channel
    )
    scheme = autoencoder.Scheme(settings, 7)
    adam = torch.optim.Adam(scheme.parameters(), lr=settings.learning_rate)
    generator = torch.Generator().manual_seed(1)
    loop.descend(adam, lambda step: scheme.gradients(generator), settings.steps)
    return scheme.link("link", {})


def test_training_under_phase_noise_helps_under_phase_noise():
    kind, blocks = "phase_noise(linewidth=0.003)", 200_000
    errors = []
    for channel in ("awgn", kind):
        row = counted(trained(channel), 8.0, blocks, channel=kind)
        errors.append(row.block_errors)
    assert errors[1] < 0.6 * errors[0]
