# SPDX-License-Identifier: GPL-3.0-or-later
"""Adversaries on semantic links, against the exact optimum of a linear receiver."""

import dataclasses

import numpy as np
import pytest
from advphy_model.air import perturbation
from advphy_model.air.image_adversary import ImageAdversary
from advphy_model.air.perturbation import Perturbation
from advphy_model.complex_baseband import to_reals
from advphy_model.link import links
from advphy_model.measure.semantic_chain import SemanticSetting, total
from advphy_model.network.network import Layer, Network
from advphy_training import image_attacks
from advphy_training.attacks import Plan

from . import small_semantic as small

PLAN, SNR_DB = Plan(psr_db=-3.0, restarts=4, steps=60), 60.0
REALS = 5


def linear():
    """Return the small link with a linear receiver, and its matrix and bias."""
    link, rng = small.semantic_link(REALS), np.random.default_rng(3)
    matrix = rng.normal(size=(small.PIXELS, REALS)) / 5
    bias = np.full(small.PIXELS, 0.4)
    unit = Layer("dense", "unit", {"weight": np.eye(REALS), "bias": np.zeros(REALS)})
    last = Layer("dense", "last", {"weight": matrix, "bias": bias})
    networks = link.networks | {
        "channel_decoder": Network((unit,), (REALS,)),
        "semantic_decoder": Network((last,), (REALS,)),
    }
    return dataclasses.replace(link, networks=networks), matrix, bias


def largest(matrix, rests, energy):
    """Return the largest mean of |W p + r|^2 over the rows r, where |p|^2 = energy.

    The best p solves (z I - W^T W) p = W^T mean(r) with the z above all eigenvalues for
    which its energy is the given one.
    """
    values, vectors = np.linalg.eigh(matrix.T @ matrix)
    slope = vectors.T @ (matrix.T @ rests.mean(axis=0))
    low, high = values[-1], values[-1] + np.linalg.norm(slope) / energy**0.5
    for _ in range(200):
        z = (low + high) / 2
        found = slope / (z - values)
        low, high = (z, high) if found @ found > energy else (low, z)
    pushed = matrix @ (vectors @ found) + rests
    return np.sum(pushed**2) / len(rests)


def sent(link, pixels):
    x = np.empty((len(pixels), link.n), np.complex64)
    image_attacks.semantic_scheme.PackedNetwork(link.encoder, complex_output=True).run(
        pixels, x
    )
    return to_reals(x, REALS).astype(float)


def bob(link, attack=None, images=None, **changes):
    given = {"snr_db": SNR_DB, "eve_snr_db": 0.0, "attack": attack, **changes}
    setting = SemanticSetting(link, images or small.images(), **given)
    return total(setting, len(setting.images))["bob"]


def test_both_attacks_reach_the_optimum_of_a_linear_receiver():
    link, matrix, bias = linear()
    pixels = small.images().as_reals().astype(float)
    rests = sent(link, small.images().as_reals()) @ matrix.T + bias - pixels
    energy = REALS * 10 ** (PLAN.psr_db / 10)
    universal = largest(matrix, rests, energy)
    each = np.mean([largest(matrix, row[None], energy) for row in rests])
    for name, best in (("universal_pgd", universal), ("per_image_pgd", each)):
        p = image_attacks.craft(name, link, small.images(), SNR_DB, PLAN)
        found = bob(link, ImageAdversary(p)).mse * small.PIXELS
        assert found <= best * (1 + 1e-3)  # the noise adds 1e-6
        assert found == pytest.approx(best, rel=5e-3)
    assert each > 1.008 * universal  # more than the tolerance apart


@pytest.mark.parametrize("kind", ["universal", "book", "per_image", "jammer"])
def test_the_psr_holds_over_the_reals_of_a_code(kind):
    rng, items = np.random.default_rng(4), 4000
    counts = {"book": 7, "per_image": 61}
    shape = counts.get(kind, 1), 3
    rows = np.abs(rng.normal(size=shape)) + 1j * rng.normal(size=shape)
    p = Perturbation("some", kind, 0, 3, rows)
    y = np.zeros((items, 3), np.complex64)
    which = np.arange(items) % 61
    ImageAdversary(p, -4.0).adder(REALS)(which, 0, y)
    energy = np.sum(to_reals(y, REALS).astype(float) ** 2) / items
    tolerance = {"universal": 1e-5, "per_image": 0.01}.get(kind, 0.08)
    assert energy == pytest.approx(REALS * 10**-0.4, rel=tolerance)


@pytest.mark.parametrize("pair", [(), ("alice", "bob")])
def test_knowledge_of_the_link_and_of_the_image_does_harm(pair):
    link = small.semantic_link(pair=pair)
    jammer = ImageAdversary(perturbation.jammer(0, link.n, PLAN.psr_db))
    attacks = [jammer] + [
        ImageAdversary(image_attacks.craft(name, link, small.images(), 10.0, PLAN))
        for name in ("universal_pgd", "per_image_pgd")
    ]
    reached = [bob(link, attack, snr_db=10.0).mse for attack in (None, *attacks)]
    assert reached == sorted(reached)
    assert reached[2] > 1.1 * reached[1]


@pytest.mark.parametrize("name", ["universal_pgd", "per_image_pgd"])
def test_a_rotation_by_a_secret_makes_any_attack_a_jammer(name):
    link, images = small.semantic_link(keying="rotation"), small.images(600)
    plan = dataclasses.replace(PLAN, restarts=2, steps=20)
    p = image_attacks.craft(name, link, images, 10.0, plan)
    assert p.knowledge["secret"] == "unknown"
    jammer = ImageAdversary(perturbation.jammer(0, link.n, plan.psr_db))
    at = {"images": images, "snr_db": 10.0, "secret": small.SECRET}
    found, noise = (bob(link, a, **at) for a in (ImageAdversary(p), jammer))
    apart = np.ptp([*found.mse_interval()]) / 2 + np.ptp([*noise.mse_interval()]) / 2
    assert abs(found.mse - noise.mse) < 1.5 * apart
    open_link = link.without_pair()
    p = image_attacks.craft("universal_pgd", open_link, images, 10.0, plan)
    assert bob(open_link, ImageAdversary(p), **at).mse > noise.mse + apart


def test_an_adversary_tries_the_transform_of_the_link_with_other_secrets():
    link = small.semantic_link(keying="sign_permutation")
    inverses = image_attacks._inverses(link, 1).numpy()
    assert len({row.tobytes() for row in inverses}) > 400  # of 5! 2^5 = 3840
    assert np.array_equal(np.abs(inverses).sum(axis=1), np.ones((512, REALS)))
    assert np.array_equal(np.abs(inverses).sum(axis=2), np.ones((512, REALS)))


def test_an_attack_is_a_function_of_its_seed():
    link, images = small.semantic_link(), small.images()
    plan = dataclasses.replace(PLAN, steps=5)
    other = dataclasses.replace(plan, seed=2)
    one, same, another = (
        image_attacks.craft("universal_pgd", link, images, 10.0, each).sha256
        for each in (plan, plan, other)
    )
    assert one == same != another


def test_an_attack_is_kept_for_its_images_and_plan_only(tmp_path):
    link, plan = small.semantic_link(), dataclasses.replace(PLAN, steps=3)

    def kept(images, plan):
        at = "universal_pgd", link, images, 10.0, plan, tmp_path
        return image_attacks.craft_or_read(*at).recipe

    first = kept(small.images(), plan)
    (file,) = tmp_path.iterdir()
    written = file.stat().st_mtime_ns
    assert kept(small.images(), plan) == first
    assert file.stat().st_mtime_ns == written
    assert kept(small.images(seed=1), plan)["images_sha256"] != first["images_sha256"]
    assert kept(small.images(), dataclasses.replace(plan, steps=4))["steps"] == 4


def p_of(kind, rows, **recipe):
    return Perturbation("some", kind, 0, 3, np.ones((rows, 3)), recipe=recipe)


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (p_of("per_image", 61), "its 61 rows are for other images than 'random'"),
        (Perturbation("some", "universal", 4, 7, np.ones((1, 7))), "link 'small' has"),
        (Perturbation("some", "universal", 0, 3, [[0, 0, 1j]]), "zero in the 5 reals"),
        (Perturbation("t", "table", 1, 3, np.ones((2, 3))), "rows for 2 messages"),
    ],
)
def test_a_perturbation_that_does_not_fit_is_refused(p, text):
    with pytest.raises(ValueError, match=text):
        bob(small.semantic_link(), ImageAdversary(p))


def test_a_row_per_image_is_not_for_messages():
    row = Perturbation("some", "per_image", 0, 7, np.ones((9, 7)))
    with pytest.raises(ValueError, match="row for each image, link 'two_simplices'"):
        row.require_fit(links.load("two_simplices"))


def test_nonsense_is_refused():
    link, images = small.semantic_link(), small.images()
    with pytest.raises(ValueError, match=r"'fgm' is neither .* universal_pgd, per_im"):
        image_attacks.craft("fgm", link, images, 10.0, PLAN)
    with pytest.raises(ValueError, match=r"snr_db must be.*got 101"):
        image_attacks.craft("universal_pgd", link, images, 101.0, PLAN)
    with pytest.raises(ValueError, match="at least 7 x 7"):
        SemanticSetting(
            dataclasses.replace(link, image_shape=(4, 14)),
            small.images(shape=(4, 14)),
            *(10.0, 10.0),
            ssim=True,
        )
