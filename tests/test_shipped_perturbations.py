# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped perturbations: against which shipped links, and what they do."""

import pytest
from advphy_model.air.adversary import Adversary
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links

from .counting import counted

# BLER at Eb/N0 8 dB and PSR -6 dB, from 2000 errors or more (docs/results.md);
# clean it is 3e-5 or less.
SAID = {
    "universal_pgd_autoencoder_mlp_8p5db": 3.75e-2,
    "universal_pgd_gan_mlp": 2.24e-2,
    "universal_pgd_hamming74_ml": 1.78e-2,
    "universal_pgd_pool_mlp": 6.03e-3,
}


@pytest.mark.parametrize("name", Perturbation.names())
def test_it_was_crafted_against_the_shipped_link_of_its_name(name):
    found = Perturbation.load(name)
    ((victim, sha256),) = found.victims.items()
    assert found.name == name == f"{found.recipe['attack']}_{victim}"
    assert links.load(victim).sha256 == sha256
    assert found.recipe["link"] == victim
    assert found.psr_db == pytest.approx(-6.0, abs=1e-4)
    assert (found.ebn0_db, found.kind) == (8.0, "universal")


@pytest.mark.parametrize("name", SAID)
def test_it_does_the_harm_that_was_measured(name):
    found, blocks = Perturbation.load(name), 300_000
    (victim,) = found.victims
    row = counted(links.load(victim), 8.0, blocks, seed=6, attack=Adversary(found))
    # 2000 errors were counted at least: 2.2 %, here the square root of p n.
    p = SAID[name]
    sigma = ((p * blocks) + (p * blocks) ** 2 / 2000) ** 0.5
    assert abs(row.block_errors - p * blocks) < 4.5 * sigma
