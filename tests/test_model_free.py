# SPDX-License-Identifier: GPL-3.0-or-later
"""Training through a black box: the estimate of the gradient, the media, the losses."""

import numpy as np
import pytest
import torch
from advphy_model.link import links
from advphy_model.measure import error_rate
from advphy_model.measure.error_rate import StopRule
from advphy_model.power import noise_variance
from advphy_training import loop, medium, schemes
from advphy_training.schemes import model_free

from .counting import counted
from .short_trainings import scheme, settings

CHANNEL = "two_rays(delay=1,gain_db=-6,phase_deg=70)+phase_noise(linewidth=0.001)"
CLEAN = medium.simulated("awgn", 0.0)


def codewords(count, seed=1):
    """Return codewords of a shipped link, complex64."""
    book = links.load("autoencoder_mlp").codebook
    return book[np.random.default_rng(seed).integers(0, len(book), count)]


def modem(carry):
    return medium.of_bursts(links.load("autoencoder_mlp"), carry)


@pytest.mark.parametrize("baseline", [False, True])
def test_the_policy_gradient_is_the_true_one_in_expectation(baseline):
    # y = A (s x + w) + noise and l = |y - t|^2, so E[l] has the gradient
    # 2 s A^T (s A x - t) for the share e of exploration, s = sqrt(1 - e).
    generator, count, share = torch.Generator().manual_seed(1), 100_000, 0.2
    a, x = (torch.randn(4, n, generator=generator) for n in (4, 1))
    target = torch.randn(4, generator=generator)
    sent = torch.zeros(count, dtype=torch.int64)
    each = x.T.repeat(count, 1).requires_grad_()
    explored = model_free.explore(each, share, generator)
    y = explored @ a.T + 0.5 * torch.randn(count, 4, generator=generator)
    losses = ((y - target) ** 2).sum(dim=1)
    plain = losses.var()
    if baseline:
        losses = model_free.advantages(losses, sent, 1)
        assert losses.var() < 1.001 * plain
    model_free.policy_loss(each, explored, losses, share).backward()
    found = count * each.grad
    s = (1 - share) ** 0.5
    true = 2 * s * a.T @ (s * a @ x[:, 0] - target)
    error = found.std(dim=0) / count**0.5  # standard error of the mean
    assert torch.all(error < 0.1 * true.norm())
    z = (found.mean(dim=0) - true) / error
    # The sum of four squared normals exceeds 18.5 with probability 1e-3.
    assert (z**2).sum() < 18.5


def test_a_baseline_is_the_mean_of_the_others():
    losses, sent = torch.tensor([1.0, 2.0, 6.0, 5.0]), torch.tensor([0, 0, 0, 1])
    found = model_free.advantages(losses, sent, 3)
    assert found.tolist() == [1 - 4, 2 - 3.5, 6 - 1.5, 0]


def test_exploration_keeps_the_mean_energy():
    x = torch.ones(100_000, 2) / 2**0.5  # energy 1 in one channel use
    found = model_free.explore(x, 0.3, torch.Generator().manual_seed(1))
    assert (found**2).sum(dim=1).mean() == pytest.approx(1, abs=0.01)
    assert found.var(dim=0).numpy() == pytest.approx(0.3 / 2, rel=0.02)


def gradients(through, **given):
    """Return the gradients of encoder and decoder of a batch through a medium."""
    made = scheme("model_free", "batch=256", *(f"{k}={v}" for k, v in given.items()))
    made._medium = through
    made.gradients(torch.Generator().manual_seed(7))
    return [
        torch.cat([p.grad.flatten() for p in part.parameters()])
        for part in (made._encoder, made._decoder)
    ]


def test_only_losses_come_back_from_the_black_box():
    def deaf(x, seed, first):
        assert type(x) is np.ndarray  # no tensor, so nothing to differentiate
        assert x.dtype == np.complex64
        return np.ones_like(x), np.arange(len(x))

    # All codewords arrive as the same vector: each message has one loss, whatever the
    # exploration was, and the transmitter learns nothing.
    encoder, decoder = gradients(deaf)
    assert torch.all(encoder.abs() < 1e-5)
    assert torch.any(decoder.abs() > 1e-3)
    encoder, _ = gradients(lambda x, *_: (np.sign(x.real) + 0j * x, np.arange(len(x))))
    assert torch.any(encoder.abs() > 1e-3)  # although sign() has no gradient


def test_lost_and_reordered_codewords_keep_their_messages():
    def shuffled(x, *_):
        order = np.random.default_rng(1).permutation(len(x))
        return x[order], order

    plain = gradients(lambda x, *_: (x, np.arange(len(x))))
    for one, other in zip(plain, gradients(shuffled), strict=True):
        assert torch.allclose(one, other, atol=1e-5)
    encoder, decoder = gradients(lambda x, *_: (x[:100], np.arange(100)))
    assert not encoder.any()  # the explored half is lost
    assert decoder.any()


def test_the_modem_returns_any_codewords_where_they_belong():
    rng = np.random.default_rng(2)
    noise = rng.standard_normal((300, 7)) + 1j * rng.standard_normal((300, 7))
    x = (codewords(300) + 0.1 * noise).astype(np.complex64)
    y, index = modem(CLEAN)(x, 3, 2**39 + 5)
    assert index.tolist() == list(range(300))
    assert np.abs(y - x).max() < 0.05


def test_the_noise_of_the_modem_is_that_of_received_vectors():
    x, variance = codewords(2560), noise_variance(6.0, 4 / 7)
    y, _ = modem(medium.simulated("awgn", variance))(x, 3, 0)
    # The synchronizer's own errors add a little: 0.1 dB in docs/over_the_air.md.
    assert np.mean(np.abs(y - x) ** 2) / 2 == pytest.approx(variance, rel=0.05)


def test_lost_bursts_are_tolerated_and_a_lost_batch_is_not():
    def fading(samples, *_):
        cut = samples.copy()
        cut[len(cut) // 3 : 2 * len(cut) // 3] = 0
        return cut

    y, index = modem(fading)(codewords(3 * 128), 1, 1)
    assert index.tolist() == [*range(128), *range(256, 384)]
    assert y.shape == (256, 7)
    with pytest.raises(ValueError, match="none of 3 bursts arrived; raise"):
        modem(lambda samples, *_: 0 * samples)(codewords(3 * 128), 1, 1)


@pytest.mark.parametrize("earlier", [10, 498, 502])
def test_bursts_of_an_earlier_batch_are_ignored(earlier):
    heard = []

    def late(samples, *_):
        heard.append(samples)
        return np.concatenate(heard)

    through = modem(late)
    through(codewords(256), 1, earlier)
    _, index = through(codewords(256, seed=2), 1, 500)
    assert index.tolist() == list(range(256))


def test_a_command_carries_the_samples():
    x = codewords(200)
    y, index = modem(medium.by_command("cat"))(x, 1, 0)
    assert index.tolist() == list(range(200))
    assert np.abs(y - x).max() < 0.05
    with pytest.raises(ValueError, match="'false' must end with 0, got 1; run it"):
        modem(medium.by_command("false"))(x, 1, 0)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("exploration=0", "exploration must be in 1e-06..0.5, got 0.0"),
        (
            "medium=fog",
            "channel, modem or a command that can be run, got 'fog'",
        ),
        ("batch=1", "batch must be in 2"),
        ("medium=modem channel=timing_offset(offset=0.1,roll_off=2)", "roll_off"),
        ("medium=modem channel=rayleigh_block", "coherence"),
        ("link=two_simplices", "link = two_simplices"),
    ],
)
def test_bad_settings_are_refused(given, text):
    with pytest.raises(ValueError, match=text):
        scheme("model_free", *given.split())


def learned(steps, *given):
    """Return the BLER at 4 dB after some steps of a training through a black box."""
    chosen = settings("model_free", f"steps={steps}", *given)
    made = model_free.Scheme(chosen, 5)
    adam = torch.optim.Adam(made.parameters(), lr=chosen.learning_rate)
    batch = torch.Generator().manual_seed(1)
    loop.descend(adam, lambda step: made.gradients(batch), steps)
    row = counted(made.link("link", {}), 4.0, 50_000)
    return row.block_errors / row.blocks


@pytest.mark.parametrize(
    ("through", "steps", "most"), [("channel", 80, 0.2), ("modem", 40, 0.5)]
)
def test_a_tiny_training_is_far_below_chance(through, steps, most):
    given = "batch=256", "ebn0_db=4", "hidden_bias=0", f"medium={through}"
    # Guessing is wrong in 15 of 16 blocks.
    assert learned(steps, *given) < most


def test_a_shipped_link_stays_good():
    given = "link=autoencoder_mlp", "learning_rate=1e-4", "batch=512"
    assert learned(50, *given) < 1.3 * learned(1, *given)


def ebn0_db_needed(name):
    """Return the Eb/N0 in dB of a BLER of 1e-2 after 5000 steps under CHANNEL."""
    chosen = settings(name, "steps=5000", "ebn0_db=2", f"channel={CHANNEL}")
    made = schemes.scheme(name).Scheme(chosen, 1)
    adam = torch.optim.Adam(made.parameters(), lr=chosen.learning_rate)

    def gradients(step):
        return made.gradients(torch.Generator().manual_seed(step))

    loop.descend(adam, gradients, chosen.steps, loop.falling(1e-2, chosen.steps))
    points, rule = {}, StopRule(5000, 10**6)
    for ebn0_db in (2.0, 2.5, 3.0):
        row = counted(made.link("link", {}), ebn0_db, rule, channel=CHANNEL)
        points[ebn0_db] = row.block_errors, row.blocks
    return error_rate.ebn0_db_at(points, 1e-2)


@pytest.mark.slow
def test_without_a_gradient_it_ends_near_the_training_with_one():
    free, true = map(ebn0_db_needed, ("model_free", "autoencoder"))
    assert abs(free - true) < 0.3
