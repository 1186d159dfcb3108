# SPDX-License-Identifier: GPL-3.0-or-later
"""The chain of semantic links, against a plain chain in double precision."""

import dataclasses

import numpy as np
import pytest
from advphy_model import randomness
from advphy_model.files import images
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.keying import Keying
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure import ranges, semantic_chain, sweep, table
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.semantic_chain import EVE_SEED, SemanticSetting, total
from advphy_model.measure.semantic_counts import SemanticCounts
from advphy_model.network.network import Layer

from . import small_semantic as small

PAIR = ("alice", "bob")
SUMS = ("squared_error", "signal_energy", "perturbation_energy", "transmit_energy")
KINDS = {
    "base": {},
    "learned": {"pair": PAIR},
    "keyed": {"keying": "rotation"},
    "keyed, denoised": {"keying": "sign_permutation", "pair": ("bob",)},
}


def setting(link=None, **changes):
    given = {
        "link": link or small.semantic_link(pair=PAIR),
        "images": small.images(),
        "snr_db": 8.0,
        "eve_snr_db": 3.0,
        "eve": small.eve(),
        "seed": 5,
    }
    return SemanticSetting(**(given | changes))


@pytest.mark.parametrize("other", ["images", "secret"])
def test_other_images_and_secrets_are_counted_by_themselves(other, tmp_path):
    keyed, rule, out = small.semantic_link(keying="rotation"), StopRule(None, 50), {}
    one = setting(keyed, secret=bytes(32), bob_secret=bytes([1] * 32))
    pixels = small.images().pixels[::-1]
    changed = {"images": dataclasses.replace(small.images(), pixels=pixels)}
    changed["secret"] = bytes([2] * 32)
    two = dataclasses.replace(one, **{other: changed[other]})
    for name, settings in {"both": [one, two], "alone": [two]}.items():
        for each in settings:
            steps = sweep.measure([each], rule, tmp_path / name, SemanticCounts)
            *_, out[name] = steps
    assert out["both"].rows == out["alone"].rows
    assert len(table.read(tmp_path / "both", SemanticCounts)) == 2 * len(one.measured)


def through(network, x):
    """Return a network's outputs: a second, short implementation in float64."""
    for layer in network.layers:
        held = {k: np.asarray(v, np.float64) for k, v in layer.parameters.items()}
        if layer.kind == "dense":
            x = x @ held["weight"].T + held["bias"]
        elif layer.kind == "relu":
            x = np.where(x > 0, x, 0)
        elif layer.kind == "sigmoid":
            x = 1 / (1 + np.exp(-x))
        elif layer.kind == "l2_normalisation":
            norm = np.linalg.norm(x, axis=1, keepdims=True)
            x = x / norm * layer.attributes["energy"] ** 0.5
        else:
            assert layer.kind == "average_power_normalisation"
            x = x * held["scale"]
    return x


def packed(x):
    """Return reals [count, L] as the complex vectors that are sent."""
    n = (x.shape[1] + 1) // 2
    x = np.pad(x, ((0, 0), (0, 2 * n - x.shape[1])))
    return x[:, :n] + 1j * x[:, n:]


def unpacked(y, reals):
    return np.concatenate([y.real, y.imag], axis=1)[:, :reals]


def rotated(kind, secret, x, first, inverse=False):
    """Return x under the keys: what holds them to formulas is in other tests."""
    keying = Keying(kind, secret, x.shape[1])
    turn = keying.invert if inverse else keying.apply
    return unpacked(turn(packed(x).astype(np.complex64), first), x.shape[1])


def plain(given, frames, first=0):
    """Return (Bob's squared errors, without his module, Eve's logits, energies)."""
    link, reals = given.link, given.link.reals
    which = np.arange(first, first + frames) % len(given.images)
    pixels = given.images.pixels.reshape(len(given.images), -1)[which] / 255
    nets, keyed = link.networks, link.keying != "none"
    x = through(nets["channel_encoder"], through(nets["semantic_encoder"], pixels))
    sent = x
    if given.alice and keyed:
        sent = rotated(link.keying, given.secret, x, first)
    elif given.alice and "alice" in nets:
        sent = x + through(nets["alice"], x)

    def received(seed, snr_db):
        noise = randomness.noise(seed, first, frames, link.n)
        return unpacked(packed(sent) + 10 ** (-snr_db / 20) * noise, reals)

    y = received(given.seed, given.snr_db)
    clean = y
    if given.alice and keyed:
        clean = rotated(link.keying, given.bob_secret or given.secret, y, first, True)
    if given.alice and link.hides and "bob" in nets:
        clean = clean - through(nets["bob"], clean)
    errors = [
        (
            (
                through(nets["semantic_decoder"], through(nets["channel_decoder"], v))
                - pixels
            )
            ** 2
        ).sum(axis=1)
        for v in (clean, y)
    ]
    heard = received(given.seed + 1, given.eve_snr_db)
    logits = through(given.eve.networks["classifier"], heard)
    energies = [(v**2).sum() for v in (x, sent - x, sent)]
    return *errors, logits, energies


def hold(given, frames, first=0):
    """Assert that engine and plain chain agree; return the rows."""
    errors, without, logits, energies = plain(given, frames, first)
    rows = total(given, frames, first)
    pixels = given.link.pixels
    assert rows["bob"].mse == pytest.approx(errors.mean() / pixels, abs=1e-6)
    if "bob_without" in rows:
        expected = without.mean() / pixels
        assert rows["bob_without"].mse == pytest.approx(expected, abs=1e-6)
    best = np.sort(logits, axis=1)
    assert (best[:, -1] - best[:, -2]).min() > 1e-6  # no tie that could fall otherwise
    labels = given.images.labels[np.arange(first, first + frames) % len(given.images)]
    assert rows["eve"].correct == np.count_nonzero(logits.argmax(axis=1) == labels)
    for row in rows.values():
        assert (row.first_frame, row.frames, row.erasures) == (first, frames, 0)
        found = (row.signal_energy, row.perturbation_energy, row.transmit_energy)
        assert np.allclose(found, energies, rtol=1e-5)
    return rows


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reals", [5, 6])
def test_engine_and_plain_chain_agree(kind, reals):
    link = small.semantic_link(reals, **KINDS[kind])
    secret = small.SECRET if link.keying != "none" else None
    given = setting(link, eve=small.eve(reals), secret=secret)
    rows = hold(given, 300, first=40)  # the 61 images are sent again and again
    assert set(rows) == ({"bob", "eve"} if kind == "base" else {*rows, "bob_without"})
    assert rows["bob"].signal_energy == pytest.approx(300 * reals, rel=1e-5)


@pytest.mark.parametrize("name", SemanticLink.names())
def test_engine_and_plain_chain_agree_on_shipped_links(name):
    link, sample = SemanticLink.load(name), images.load("mnist_sample")
    eve = Eve.load("eve_mnist")
    secret = small.SECRET if link.keying != "none" else None
    hold(setting(link, images=sample, eve=eve, secret=secret), 300)


def test_bypassed_the_link_is_its_base():
    link = small.semantic_link(pair=PAIR)
    rows = total(setting(link, alice=False), 200)
    base = total(setting(link.without_pair()), 200)
    assert set(rows) == {"bob", "eve"}
    for branch, row in rows.items():
        assert (row.pair, row.psr_db) == ("none", None)
        sums = dataclasses.replace(row, model_sha256=base[branch].model_sha256)
        assert sums == base[branch]


def test_neither_threads_nor_ranges_matter(monkeypatch):
    monkeypatch.setattr(SemanticSetting, "step", 512)
    given, found = setting(), []
    for threads in (1, 2, 7):
        with ranges.threads(threads) as workers:
            found.append(total(given, 3000, 17, workers))
    one = found[0]
    assert found == [one] * 3
    monkeypatch.setattr(SemanticSetting, "step", 100)
    monkeypatch.setattr(semantic_chain, "_TILE", 33)
    given = setting()
    for branch, row in total(given, 3000, 17).items():
        for field in dataclasses.fields(row):
            found, wanted = (getattr(r, field.name) for r in (row, one[branch]))
            if isinstance(wanted, float):  # another order of adding
                assert found == pytest.approx(wanted, rel=1e-6)
            else:
                assert found == wanted


def test_ranges_add_up_and_are_in_order():
    given = setting(small.semantic_link(keying="rotation"), secret=small.SECRET)
    whole = total(given, 1000, 5)
    parts = [total(given, *part) for part in ((400, 5), (599, 405), (1, 1004))]
    for branch, row in whole.items():
        assert row.correct == sum(part[branch].correct for part in parts)
        for name in SUMS:
            found = sum(getattr(part[branch], name) for part in parts)
            assert found == pytest.approx(getattr(row, name), rel=1e-6)
    empty, rule = given.rows("loop", 0), StopRule(None, 40_000)
    ends = [rows[0].end for rows in ranges.counted(given, empty, rule)]
    assert ends == [given.step, 2 * given.step, 40_000]


@pytest.mark.parametrize("hiding", [True, False])
@pytest.mark.parametrize("alice", [True, False])
@pytest.mark.parametrize("eve", [True, False])
@pytest.mark.parametrize(
    "branches", [("bob", "bob_without", "eve"), ("bob_without", "eve"), ("bob",)]
)
def test_what_is_measured_is_what_there_is(hiding, alice, eve, branches):
    given = setting(
        small.semantic_link(pair=PAIR if hiding else ()),
        alice=alice,
        eve=small.eve() if eve else None,
        branches=branches,
    )
    there = {"bob"} | ({"bob_without"} if hiding and alice else set())
    there |= {"eve"} if eve else set()
    assert set(given.measured) == there & set(branches)
    assert set(total(given, 10)) == there & set(branches)


def test_bobs_and_eves_noise_are_independent():
    given = setting(small.semantic_link(), snr_db=0.0, eve_snr_db=0.0)
    seeds = given.seed, given.seed + EVE_SEED
    noise = [randomness.noise(seed, 0, 5000, 3).real.ravel() for seed in seeds]
    assert abs(np.corrcoef(*noise)[0, 1]) < 4 / len(noise[0]) ** 0.5
    louder = total(dataclasses.replace(given, eve_snr_db=-40.0), 500)
    quieter = total(dataclasses.replace(given, eve_snr_db=60.0), 500)
    assert louder["bob"] == quieter["bob"]
    assert louder["eve"].correct != quieter["eve"].correct
    assert (louder["eve"].snr_db, louder["bob"].snr_db) == (-40.0, 0.0)


def test_a_wrong_key_gives_bob_nothing():
    link, sample = SemanticLink.load("keyed_arn"), images.load("mnist_sample")
    given = setting(link, images=sample, snr_db=10.0, eve=None, secret=small.SECRET)
    wrong = dataclasses.replace(given, bob_secret=small.OTHER_SECRET)
    right, wrong = (total(v, 1000)["bob"].mse for v in (given, wrong))
    assert right < 0.02
    assert wrong >= 0.10
    assert wrong - right >= 0.05


def scaled(gain):
    """Return a link whose codes have another power, as an own one may."""
    code = Layer("dense", "more", {"weight": gain * np.eye(5), "bias": np.zeros(5)})
    link = small.semantic_link()
    encoder = link.networks["channel_encoder"]
    layers = (*encoder.layers, code)
    networks = {"channel_encoder": dataclasses.replace(encoder, layers=layers)}
    return dataclasses.replace(link, networks=link.networks | networks)


@pytest.mark.parametrize("power_db", [-18.8, -1.2, 1.2, float("-inf")])
def test_a_link_of_another_power_is_not_measured_at_an_snr(power_db):
    with pytest.raises(ValueError, match=f"'small'.*power of {power_db:.2f} dB per re"):
        setting(scaled(10 ** (power_db / 20)))
    setting(scaled(10**0.04))  # 0.8 dB, as the mean over other images may be


def test_a_link_of_average_power_is_not_measured_on_images_of_another_power():
    sample = images.load("mnist_sample")
    inverted = images.Images("inverted", 255 - sample.pixels, sample.labels)
    link, eve = SemanticLink.load("semantic_mnist"), Eve.load("eve_mnist")
    with pytest.raises(ValueError, match="its codes of 'inverted' have a mean power"):
        setting(link, images=inverted, eve=eve)
    same = SemanticLink.load("semantic_mnist_per_message")
    setting(same, images=inverted, eve=eve)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"snr_db": float("nan")}, "snr_db must be.*got nan"),
        ({"eve_snr_db": 101.0}, "snr_db must be.*got 101"),
        ({"images": small.images(shape=(7, 8))}, "7 x 8 pixels, expected 8 x 7"),
        ({"eve": small.eve(6)}, "takes 6 reals, link 'small' sends 5"),
        ({"images": small.images(labeled=False)}, "there are no labels"),
        ({"branches": ("bob", "mallory")}, "branch 'mallory' is not known.*bob_with"),
        ({"link": small.semantic_link(keying="rotation")}, "keyed: give the file"),
        (
            {"link": small.semantic_link(keying="rotation"), "secret": b"short"},
            "got 5 bytes",
        ),
        ({"seed": -1}, "seed must be.*got -1"),
        ({"kind": "rician"}, "'rician'"),
    ],
)
def test_what_does_not_fit_is_refused_at_once(changes, text):
    with pytest.raises(ValueError, match=text):
        setting(**changes)


def test_labels_are_only_wanted_for_eve():
    unlabeled = small.images(labeled=False)
    found = total(setting(images=unlabeled, branches=("bob",)), 70)
    assert found["bob"].frames == 70
    assert set(total(setting(images=unlabeled, eve=None), 7)) == {"bob", "bob_without"}


def test_a_setting_does_not_show_its_secret():
    keyed = small.semantic_link(keying="rotation")
    given = setting(keyed, secret=small.SECRET)
    assert given.secret == small.SECRET
    assert repr(small.SECRET) not in repr(given)
