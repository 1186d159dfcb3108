# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped semantic links and Eves: recipes, and results measured again."""

import re

import numpy as np
import pytest
from advphy_model.files import images
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure.semantic_chain import SemanticSetting, total
from advphy_model.network.packed_network import PackedNetwork
from advphy_training import schemes

from . import small_semantic as small

LINKS, EVES = SemanticLink.names(), Eve.names()
PAIRS = [name for name in LINKS if name.startswith(("paired", "minmax"))]
KEYED = [name for name in LINKS if name.startswith("keyed")]
SEED = 77  # not the one that the recipes' results were measured with


def measured(link, tested, snr_db=10.0, eve=None, seed=SEED, **changes):
    """Return {branch: row} of a link over all the images."""
    link = SemanticLink.load(link)
    secret = small.SECRET if link.keying != "none" else None
    eve = Eve.load(eve) if eve else None
    given = SemanticSetting(link, tested, snr_db, snr_db, eve, secret=secret, seed=seed)
    return total(given, len(tested))


def far(p, n):
    """Return 4.5 standard deviations of the difference of two shares of n."""
    return 4.5 * (2 * p * (1 - p) / n) ** 0.5


@pytest.mark.parametrize("name", [*LINKS, *EVES])
def test_a_model_says_how_it_was_made(name):
    read = Eve.load if name in EVES else SemanticLink.load
    model = read(name)
    assert model.name == name
    command = rf"advphy train {model.recipe['scheme']} --seed \d+( --set \w+=\S+)*"
    assert re.fullmatch(command, model.recipe["command"])
    assert model.recipe["measured"]["images"] == "mnist_test"
    snrs_db = [row["snr_db"] for row in model.recipe["measured"]["rows"]]
    assert snrs_db == [0, 5, 10, 15, 20]
    # Given again, the command means the same settings.
    given = re.findall(r"--set (\S+)", model.recipe["command"])
    settings = schemes.settings(schemes.scheme(model.recipe["scheme"]), given)
    for key, value in model.recipe["settings"].items():
        assert getattr(settings, key) == value, key


@pytest.mark.parametrize("name", [*PAIRS, *KEYED])
def test_a_pair_sits_on_the_shipped_base(name):
    link = SemanticLink.load(name)
    ((base, base_sha256),) = link.recipe["base"].items()
    assert link.base_sha256 == SemanticLink.load(base).base_sha256 == base_sha256
    for eve, sha256 in link.recipe.get("eves", {}).items():
        assert Eve.load(eve).sha256 == sha256


@pytest.mark.parametrize("name", EVES)
def test_an_eve_says_whom_she_listened_to(name):
    ((link, sha256),) = Eve.load(name).listened_to.items()
    assert SemanticLink.load(link).sha256 == sha256


def test_sizes_are_those_of_the_letter():
    link, eve = (SemanticLink.load("paired_arn_white"), Eve.load("eve_mnist"))

    def widths(network):
        return [
            layer.parameters["weight"].shape[0]
            for layer in network.layers
            if layer.kind == "dense"
        ]

    assert (link.reals, link.n, link.image_shape) == (23, 12, (28, 28))
    assert widths(link.networks["semantic_encoder"]) == [64, 64]  # [arn, Sec. V]
    assert widths(link.networks["channel_encoder"]) == [23]
    assert widths(link.networks["channel_decoder"]) == [23]
    assert widths(link.networks["semantic_decoder"]) == [64, 64, 784]
    for role in ("alice", "bob"):
        assert widths(link.networks[role]) == [23, 64, 23]
    assert widths(eve.networks["classifier"]) == [64, 32, 32, 10]


@pytest.mark.parametrize("name", LINKS)
def test_results_are_measured_again_with_other_noise(name, mnist):
    recipe = SemanticLink.load(name).recipe
    tested = images.load("mnist_test")
    eve = recipe["settings"].get("measured_with")
    for said in recipe["measured"]["rows"][0:4:2]:
        rows = measured(name, tested, said["snr_db"], eve)
        # Images are the same, noise is not: 1 % is more than it moves a mean of 10000.
        assert rows["bob"].mse == pytest.approx(said["mse"], rel=0.01)
        if "psr_db" in said:
            assert rows["bob"].psr_db == pytest.approx(said["psr_db"], abs=0.02)
            power_db = rows["bob"].transmit_power_db
            assert power_db == pytest.approx(said["transmit_power_db"], abs=0.02)
        if "accuracy" in said:
            p = said["accuracy"]
            assert abs(rows["eve"].accuracy - p) < far(p, len(tested))


@pytest.mark.parametrize("name", EVES)
def test_an_eve_reads_what_her_recipe_says(name, mnist):
    eve, tested = Eve.load(name), images.load("mnist_test")
    (link,) = eve.listened_to
    for said in eve.recipe["measured"]["rows"][0:4:2]:
        found = measured(link, tested, said["snr_db"], name)["eve"].accuracy
        assert abs(found - said["accuracy"]) < far(said["accuracy"], len(tested))


def test_the_letter_s_pair_serves_bob_and_fools_eve(mnist):
    tested = images.load("mnist_test")
    base = measured("semantic_mnist", tested, eve="eve_mnist")
    pair = measured("paired_arn_white", tested, eve="eve_mnist")
    assert base["eve"].accuracy > 0.92
    assert pair["bob"].mse <= 1.02 * base["bob"].mse
    assert pair["bob"].mse < 0.9 * pair["bob_without"].mse  # [arn, Fig. 3a]
    assert 0.36 <= pair["eve"].accuracy <= 0.45  # [arn, Fig. 3b]: around 0.4
    black = measured("paired_arn_black", tested, eve="eve_mnist")
    assert pair["eve"].accuracy < black["eve"].accuracy < base["eve"].accuracy


@pytest.mark.parametrize("name", ["paired_arn_white", "paired_arn_black"])
def test_the_power_limit_is_kept(name):
    rows = measured(name, images.load("mnist_sample"))
    assert -11 < rows["bob"].psr_db < -9.7  # epsilon = 0.1 is -10 dB
    assert abs(rows["bob"].transmit_power_db) < 0.7


@pytest.mark.parametrize("name", LINKS)
def test_the_shipped_sample_gives_about_the_same(name):
    sample = images.load("mnist_sample")
    said = SemanticLink.load(name).recipe["measured"]["rows"][2]
    row = measured(name, sample)["bob"]
    low, high = row.mse_interval()
    assert abs(row.mse - said["mse"]) < 2.5 * (high - low) / 2  # 4.9 sigma


@pytest.mark.parametrize("name", KEYED)
def test_a_key_hides_the_code_and_costs_no_power(name):
    sample = images.load("mnist_sample")
    rows = measured(name, sample, 20.0, "eve_mnist_per_message")
    # Chance is 0.1 of labels that are not quite uniform; 4.5 sigma of 1000 frames.
    assert rows["eve"].accuracy < 0.1 + 4.5 * (0.1 * 0.9 / 1000) ** 0.5
    assert rows["bob"].transmit_power_db == pytest.approx(0, abs=0.01)
    # E||Q x - x||^2 = 2 ||x||^2 for a Q of mean 0.
    assert rows["bob"].psr_db == pytest.approx(10 * np.log10(2), abs=0.1)
    assert rows["bob"].mse < 0.2 * rows["bob_without"].mse


def test_power_is_that_of_every_code_or_of_the_mean_over_training_images(mnist):
    pixels = images.load("mnist_train").as_reals()

    def energies(name):
        link = SemanticLink.load(name)
        x = np.empty((len(pixels), link.n), np.complex64)
        PackedNetwork(link.encoder, complex_output=True).run(pixels, x)
        return (np.abs(x.astype(complex)) ** 2).sum(axis=1)

    # A code whose length is that of all others says nothing by it.
    assert np.allclose(energies("semantic_mnist_per_message"), 23, rtol=1e-5)
    found = energies("semantic_mnist")
    assert found.mean() == pytest.approx(23, rel=1e-4)
    assert found.std() > 1
