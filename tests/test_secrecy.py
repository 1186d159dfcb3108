# SPDX-License-Identifier: GPL-3.0-or-later
"""An Eve who adapts learns what there is to learn, and nothing else."""

import dataclasses
import json

import numpy as np
import pytest
from advphy_model.complex_baseband import to_complex
from advphy_model.files import images
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.eve_training import Intercepts
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure import semantic_chain
from advphy_model.measure.semantic_chain import SemanticSetting
from advphy_model.network.packed_network import classifier
from advphy_training.evaluate import adapted_eve, secrecy
from advphy_training.evaluate.adapted_eve import Effort

from .commands import done, refused

REALS, CLASSES = 6, 4
QUICK = Effort(hidden=((32,),), steps=400)


def recorded(rng, count, separation):
    """Return vectors around one corner a class, `separation` sigma from the origin."""
    corners = rng.permutation(np.eye(REALS))[:CLASSES]
    labels = rng.integers(CLASSES, size=count).astype(np.uint8)
    y = separation * corners[labels] + rng.normal(size=(count, REALS))
    return Intercepts(to_complex(y), REALS, labels)


def accuracy(found, learned):
    """Return the accuracy on the last 1000 of an Eve who learned from the first."""
    eve = adapted_eve.adapt(found.take(learned), QUICK, "e", classes=CLASSES)
    read, erased = (np.empty(1000, np.uint8) for _ in range(2))
    classifier(eve.networks["classifier"]).decide(found.y[-1000:], read, erased)
    return float(np.mean(read == found.labels[-1000:]))


def test_an_eve_learns_what_there_is_to_learn(rng):
    # Corners are 8 sqrt(2) sigma apart.
    assert accuracy(recorded(rng, 3000, separation=8.0), 2000) > 0.99
    blind = accuracy(recorded(rng, 3000, separation=0.0), 2000)
    assert abs(blind - 1 / CLASSES) < 4 * (0.25 * 0.75 / 1000) ** 0.5
    found = recorded(rng, 5000, separation=2.0)
    assert accuracy(found, 4000) > accuracy(found, 15) + 0.05


def test_the_same_seed_gives_the_same_eve(rng):
    found, effort = recorded(rng, 200, 3.0), dataclasses.replace(QUICK, steps=30)
    one, other = (
        adapted_eve.adapt(found, effort, "e", None, CLASSES) for _ in range(2)
    )
    assert one.sha256 == other.sha256


@pytest.mark.parametrize("count", [0, 201, -1])
def test_intercepts_that_were_not_recorded_are_refused(rng, count):
    with pytest.raises(ValueError, match="200 recorded"):
        recorded(rng, 200, 1.0).take(count)


def test_what_eve_records_is_what_alice_sends_and_noise():
    link = SemanticLink.load("paired_arn_white")
    sample = images.load("mnist_sample")
    setting = SemanticSetting(link, sample, 10.0, 10.0)
    y = semantic_chain.record(setting, 1200, first_frame=900)
    clean = semantic_chain.record(
        dataclasses.replace(setting, eve_snr_db=100.0), 1200, first_frame=900
    )
    noise = (y - clean).view(np.float32)
    sigma2 = 0.1  # 10 dB below 1 in each real dimension
    assert abs(noise.var() / sigma2 - 1) < 5 * (2 / noise.size) ** 0.5
    again = semantic_chain.record(setting, 200, first_frame=1100)
    assert np.array_equal(y[200:400], again)


def test_a_flowgraph_records_the_same():
    from gnuradio.advphy import semantic_engine as flowgraph

    link, sample = SemanticLink.load("keyed_arn"), images.load("mnist_sample")
    setting = SemanticSetting(link, sample, 5.0, 15.0, secret=bytes(32))
    expected = semantic_chain.record(setting, 3000)
    assert np.array_equal(flowgraph.record(setting, 3000), expected)


def test_a_stolen_bob_labels_intercepts_without_labels():
    setting = SemanticSetting(
        SemanticLink.load("paired_arn_white"), images.load("mnist_sample"), 20.0, 20.0
    )
    knows = Eve.load("eve_mnist_snr")
    found = secrecy.from_stolen_bob(setting, semantic_chain.record, 1000, knows)
    right = np.mean(found.labels == setting.images.labels)
    assert right > 0.9  # against 0.43 of the Eve who has no Bob


def test_majority_is_the_share_of_the_most_frequent_label(tiny_images):
    assert secrecy.majority(tiny_images) == 0.5


@pytest.fixture
def tiny_images():
    pixels = np.zeros((4, 28, 28), np.uint8)
    return images.Images("tiny", pixels, np.array([3, 1, 3, 0], np.uint8))


SAMPLE = "--images mnist_sample --test-images mnist_sample --out"


def test_the_command_reports_what_is_left(here):
    folder = here / "report"
    words = "--intercepts 20,1000 --steps 200 --surrogate-steps 0 --engine loop"
    done(f"adapt-eve paired_arn_white {words} {SAMPLE} report")
    found = json.loads((folder / "report.json").read_text())
    by_means = {row["means"]: row["accuracy"] for row in found["eves"]}
    few, many = (f"{count} labelled intercepts" for count in (20, 1000))
    assert list(by_means) == ["static", "stolen Bob", few, many]
    assert by_means["static"] < 0.5 < by_means[many]
    assert found["majority_share"] == 0.1
    page = (folder / "report.md").read_text()
    assert "the link is not secret" in page.replace("\n", " ")
    assert (folder / "accuracy.png").read_bytes()[:4] == b"\x89PNG"
    eve = Eve.load(folder / "adapted_eve_10dB.safetensors")
    assert eve.pixels == 784
    link = SemanticLink.load("paired_arn_white")
    assert eve.listened_to == {link.name: link.sha256}


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("nonsense", "nor a known name"),
        ("paired_arn_white --intercepts 5", "at least 10"),
        ("paired_arn_white --intercepts ten", "whole number"),
        ("paired_arn_white --intercepts 10,10", "intercepts has a value twice"),
        ("paired_arn_white --steps 0", "--steps must be at least 1, got 0"),
        ("paired_arn_white --snr-db 10,10", "snr_db has a value twice"),
        ("paired_arn_white --snr-db nan", "--snr-db"),
        ("paired_arn_white --eve nonsense", "Eve 'nonsense'"),
        ("paired_arn_white --test-images nonsense", "images 'nonsense'"),
    ],
)
def test_bad_words_are_refused_in_one_sentence(here, words, text):
    assert text in refused(f"adapt-eve {SAMPLE} report {words}")


def test_of_a_keyed_link_eve_tries_what_its_transform_leaves():
    link, sample = SemanticLink.load("keyed_arn"), images.load("mnist_sample")
    setting = SemanticSetting(link, sample, 10.0, 10.0, secret=bytes(32))
    effort = Effort(hidden=((8,),), steps=5)
    record = semantic_chain.record
    one = secrecy.Adaptation(setting, sample, record, (20,), None, 0, effort)
    known = "20 labelled intercepts"
    assert [*one.run()] == [known, secrecy.SORTED, secrecy.LENGTH, "image decoder"]
    first = one.eves[secrecy.LENGTH].networks["classifier"].layers[0]
    assert first.kind == "root_mean_square"


def test_a_keyed_link_is_measured_with_keys_that_were_not_recorded(tiny_images):
    link = SemanticLink.load("keyed_arn")
    setting = SemanticSetting(link, tiny_images, 10.0, 10.0, secret=bytes(32))
    one = secrecy.Adaptation(setting, tiny_images, semantic_chain.record, (10, 50))
    row = one.measure(Eve.load("eve_mnist_per_message"))
    assert row.first_frame == 52  # after 50 intercepts, at the first of four images
    assert row.frames == 4
