# SPDX-License-Identifier: GPL-3.0-or-later
"""Attacks of ART and torchattacks against a shipped decoder, next to our own.

Foolbox has a test of its own in tests/test_attacks.py.
"""

import numpy as np
import pytest
import torch
from advphy_model import randomness
from advphy_model.complex_baseband import to_complex, to_reals
from advphy_model.link import links
from advphy_training import attacks
from advphy_training.attacked_link import AttackedLink
from advphy_training.attacks import Plan

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
WANTED = "pip install --no-deps -r tests/independent/requirements.txt"
NAME, EBN0_DB, PSR_DB, BLOCKS = "autoencoder_mlp_8p5db", 8.0, -6.0, 2048
REACH = 16.0  # torchattacks clips to 0..1; no sample comes near +-REACH


class Decoder(torch.nn.Module):
    """Logits of batches of any shape, of samples divided by 2 REACH, plus a half."""

    def __init__(self, attacked, scaled):
        super().__init__()
        self._attacked, self._scaled = attacked, scaled

    def forward(self, batch):
        y = batch.flatten(1)
        return self._attacked.logits((y - 0.5) * 2 * REACH if self._scaled else y)


@pytest.fixture(scope="module")
def attacked():
    torch.set_num_threads(1)
    return AttackedLink(links.load(NAME), EBN0_DB)


def arriving(attacked, first=0, blocks=BLOCKS):
    """Return what our attack on each block sees with seed 1: (messages, reals)."""
    sent = randomness.messages(1, first, blocks, attacked.model.k)
    noise = attacked.sigma * randomness.noise(1, first, blocks, attacked.model.n)
    return sent, torch.tensor(to_reals(attacked.model.codebook[sent] + noise))


def ours(attacked):
    plan = Plan(PSR_DB, EBN0_DB, steps=30, restarts=15)
    errors, blocks = attacks.attack("per_sample_pgd").count(attacked, plan, BLOCKS)
    return errors / blocks


def failed(attacked, sent, clean, pushed):
    """Return the rate of wrong decisions of what a library has pushed."""
    room = Plan(PSR_DB).norm(attacked.model.n)
    assert float((pushed - clean).norm(dim=1).max()) <= room * 1.001
    decided, _ = attacked.decide(to_complex(pushed.numpy()))
    return (decided != sent).mean()


@pytest.mark.parametrize("name", ["PGDL2", "APGD", "APGDT"])
def test_torchattacks_does_not_beat_our_attack_on_each_block(attacked, name):
    torchattacks = pytest.importorskip("torchattacks", reason=WANTED)
    sent, y = arriving(attacked)
    room = Plan(PSR_DB).norm(attacked.model.n) / (2 * REACH)
    decoder = Decoder(attacked, scaled=True).eval()
    given = {
        "PGDL2": {"eps": room, "alpha": room / 10, "steps": 50},
        "APGD": {"norm": "L2", "eps": room, "steps": 50, "n_restarts": 3},
        "APGDT": {
            "norm": "L2",
            "eps": room,
            "steps": 50,
            "n_restarts": 1,
            "n_classes": 16,
        },
    }
    attack = getattr(torchattacks, name)(decoder, **given[name])
    images = (y / (2 * REACH) + 0.5).reshape(len(y), 1, 1, -1)
    pushed = attack(images, torch.tensor(sent.astype(np.int64)))
    pushed = (pushed.detach().flatten(1) - 0.5) * 2 * REACH
    rate = failed(attacked, sent, y, pushed)
    assert rate > 0.3  # the library's attack is real
    assert rate <= ours(attacked) + 0.005


def test_art_does_not_beat_our_attack_on_each_block(attacked):
    pytest.importorskip("art", reason=WANTED)
    from art.attacks.evasion import ProjectedGradientDescentPyTorch

    sent, y = arriving(attacked)
    room = Plan(PSR_DB).norm(attacked.model.n)
    attack = ProjectedGradientDescentPyTorch(
        estimator(attacked),
        norm=2,
        eps=room,
        eps_step=room / 10,
        max_iter=50,
        num_random_init=3,
        batch_size=BLOCKS,
        verbose=False,
    )
    pushed = torch.tensor(attack.generate(y.numpy(), sent.astype(np.int64)))
    rate = failed(attacked, sent, y, pushed)
    assert rate > 0.3
    assert rate <= ours(attacked) + 0.005


def estimator(attacked):
    from art.estimators.classification import PyTorchClassifier

    return PyTorchClassifier(
        Decoder(attacked, scaled=False).eval(),
        torch.nn.CrossEntropyLoss(),
        input_shape=(2 * attacked.model.n,),
        nb_classes=attacked.model.M,
    )


@pytest.mark.parametrize("inner", ["fgsm", "pgd"])
def test_a_universal_perturbation_of_art_is_weaker_than_ours(attacked, inner):
    pytest.importorskip("art", reason=WANTED)
    from art.attacks.evasion import UniversalPerturbation

    plan = Plan(PSR_DB, EBN0_DB)
    sent, y = arriving(attacked, first=10_000, blocks=512)
    room = plan.norm(attacked.model.n)
    given = {"norm": 2, "eps": room / 3}
    if inner == "pgd":
        given |= {"eps_step": room / 20, "max_iter": 10, "verbose": False}
    attack = UniversalPerturbation(
        estimator(attacked),
        attacker=inner,
        attacker_params=given,
        delta=0.0,
        max_iter=4,
        eps=room,
        norm=2,
        verbose=False,
    )
    attack.generate(y.numpy(), np.eye(16)[sent])
    p = attack.noise.reshape(1, -1)
    p = p * room / np.linalg.norm(p)
    own = to_reals(attacks.craft("universal_pgd", attacked.model, plan, []).rows)
    rates = attacked.errors(np.stack([0 * p, p, own]), 200_000, seed=5) / 200_000
    assert rates[0] < rates[1] <= rates[2] * 1.03
