# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks folded into the layout of the air: numpy on plain reals says what is due."""

import logging

import numpy as np
import pytest
from advphy_model.complex_baseband import to_complex, to_reals
from advphy_model.network import inference
from advphy_model.network.network import Layer, Network, run
from advphy_model.network.packed_network import PackedNetwork, classifier

from . import small_semantic as small

NORMALISATIONS = {
    "none": (),
    "per message": (Layer("l2_normalisation", "p", {}, {"energy": 3.0}),),
    "average": (
        Layer(
            "average_power_normalisation",
            "p",
            {"scale": np.array([1.7], np.float32)},
            {"energy": 3.0},
        ),
    ),
    "bent": (Layer("relu", "r"), Layer("elu", "e", {}, {"alpha": 0.5})),
    "squashed": (Layer("sigmoid", "s"),),
    "shared out": (Layer("softmax", "s"),),
}


def by_hand(network, x, complex_input, complex_output):
    """Return the network's output, computed on reals in double precision.

    The reals of an item are its n real parts, then its imaginary parts.
    """
    if complex_input:
        reals = np.concatenate([x.real, x.imag], axis=1)
        x = reals[:, : network.input_shape[0]]
    y = run(network, x.astype(np.float64))
    if not complex_output:
        return y
    n = (y.shape[1] + 1) // 2
    padded = np.concatenate([y, np.zeros((len(y), 2 * n - y.shape[1]))], axis=1)
    return padded[:, :n] + 1j * padded[:, n:]


def batch(rng, items, features, is_complex):
    if not is_complex:
        return rng.normal(size=(items, features)).astype(np.float32)
    n = (features + 1) // 2  # the padding is not zero: noise fell on it, too
    return (rng.normal(size=(items, n)) + 1j * rng.normal(size=(items, n))).astype(
        np.complex64
    )


def computed(network, x, complex_input, complex_output):
    made = PackedNetwork(network, complex_input, complex_output)
    features = network.output_shape[0]
    shape = (len(x), (features + 1) // 2 if complex_output else features)
    out = np.full(shape, 99, np.complex64 if complex_output else np.float32)
    made.run(x, out)
    return out


@pytest.mark.parametrize("directions", [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("end", NORMALISATIONS)
@pytest.mark.parametrize("reals", [1, 2, 5, 6, 23])
def test_a_folded_network_is_that_on_plain_reals(reals, end, directions, rng):
    for sizes in ((reals, reals), (reals, 9, reals), (reals, 4, 7, reals)):
        network = small.network(rng, *sizes, end=NORMALISATIONS[end])
        x = batch(rng, 67, reals, directions[0])
        expected = by_hand(network, x, *directions)
        found = computed(network, x, *directions)
        assert np.allclose(found, expected, rtol=1e-5, atol=1e-5)
        if directions[1] and reals % 2:
            assert np.all(found.imag[:, -1] == 0)  # the padding is sent as 0


def test_random_networks(rng):
    for _ in range(60):
        sizes = rng.integers(1, 30, rng.integers(2, 5)).tolist()
        end = NORMALISATIONS[rng.choice(list(NORMALISATIONS))]
        if end and end[0].kind == "l2_normalisation" and sizes[-1] == 1:
            continue
        network = small.network(rng, *sizes, end=end)
        directions = bool(rng.integers(2)), bool(rng.integers(2))
        x = batch(rng, int(rng.integers(1, 600)), sizes[0], directions[0])
        expected = by_hand(network, x, *directions)
        assert np.allclose(computed(network, x, *directions), expected, atol=3e-5)


@pytest.mark.parametrize(
    "layers",
    [
        (),
        (Layer("relu", "r"),),
        (Layer("reshape", "a", {}, {"shape": [1, 5]}), Layer("flatten", "b")),
        (Layer("elu", "e"), "dense", Layer("softmax", "s")),
    ],
)
@pytest.mark.parametrize("directions", [(True, True), (True, False), (False, True)])
def test_a_network_that_cannot_be_folded_gives_the_same(layers, directions, rng):
    layers = tuple(
        small.dense(rng, "d", 5, 5) if layer == "dense" else layer for layer in layers
    )
    network = Network(layers, (5,))
    x = batch(rng, 20, 5, directions[0])
    expected = by_hand(network, x, *directions)
    assert np.allclose(computed(network, x, *directions), expected, atol=1e-6)


def transformer(rng, reals, width=4):
    """Return a network of layers that the kernels lack."""
    normal = {"scale": rng.normal(size=width), "shift": rng.normal(size=width)}
    square = {
        key: rng.normal(size=(width, width)) / 2
        for key in ("query", "key", "value", "output")
    }
    layers = (
        Layer(
            "token_embedding",
            "t",
            {
                "weight": rng.normal(size=width),
                "position": rng.normal(size=(reals, width)),
            },
        ),
        Layer("self_attention", "a", square | normal),
        Layer("layer_normalisation", "n", normal),
        Layer("flatten", "f"),
        small.dense(rng, "d", reals, reals * width),
    )
    return Network(layers, (reals,))


@pytest.mark.parametrize("reals", [5, 6])
def test_layers_that_the_kernels_lack_run_in_numpy_and_say_so(reals, rng, caplog):
    network = transformer(rng, reals)
    x = batch(rng, 30, reals, True)
    with caplog.at_level(logging.WARNING):
        found = computed(network, x, True, True)
    assert "self_attention" in caplog.text
    assert np.allclose(found, by_hand(network, x, True, True), atol=1e-5)


@pytest.mark.parametrize("kernel", [True, False])
@pytest.mark.parametrize("reals", [5, 6])
@pytest.mark.parametrize("complex_output", [True, False])
def test_what_is_not_finite_gives_nan_there_and_only_there(
    reals, complex_output, kernel, rng, monkeypatch
):
    if not kernel:
        monkeypatch.setattr(inference, "known_layers", lambda: ["relu"])
    network = small.network(rng, reals, 8, reals)
    x = batch(rng, 50, reals, True)
    clean = computed(network, x, True, complex_output)
    bad = {0: np.nan, 7: np.inf, 8: complex(0, -np.inf), 31: complex(0, np.nan)}
    for item, value in bad.items():
        x[item, -1] = value  # of an odd number of reals the padding may be hit alone
    x[49, 0] = np.nan
    found = computed(network, x, True, complex_output)
    hit = np.zeros(50, bool)
    hit[[*bad, 49]] = True
    assert np.isnan(found[hit]).all()
    assert np.array_equal(found[~hit], clean[~hit])


@pytest.mark.filterwarnings("error")
def test_only_infinities_of_both_signs_are_noticed_too(rng):
    network = small.network(rng, 4, 4)
    x = batch(rng, 2, 4, True)
    x[0, 0], x[1, 0] = np.inf, -np.inf  # their sum is not infinite
    assert np.isnan(computed(network, x, True, True)).all()


@pytest.mark.parametrize("kernel", [True, False])
@pytest.mark.parametrize("reals", [1, 5, 6, 23])
def test_a_classifier_takes_the_largest_logit_and_erases(
    reals, kernel, rng, monkeypatch
):
    if not kernel:
        monkeypatch.setattr(inference, "known_layers", lambda: [])
    network = small.network(rng, reals, 16, 10)
    y = batch(rng, 1000, reals, True)
    logits = by_hand(network, y, True, False)
    y[3, 0], y[999, -1] = np.nan, complex(0, np.inf)
    labels, erased = np.full(1000, 77, np.uint8), np.full(1000, 77, np.uint8)
    assert classifier(network).decide(y, labels, erased) == 2
    assert np.flatnonzero(erased).tolist() == [3, 999]
    assert labels[[3, 999]].tolist() == [0, 0]
    clear = np.ptp(np.sort(logits, axis=1)[:, -2:], axis=1) > 1e-5
    clear[[3, 999]] = False
    assert clear.sum() > 990
    assert np.array_equal(labels[clear], logits.argmax(axis=1)[clear])


def test_padding_does_not_reach_the_network(rng):
    network = small.network(rng, 5, 8, 5)
    x = batch(rng, 9, 5, True)
    other = x.copy()
    other.imag[:, -1] = 1e9
    found = [computed(network, v, True, True) for v in (x, other)]
    assert np.array_equal(*found)
    assert np.array_equal(to_complex(to_reals(x, 5)).imag[:, -1], np.zeros(9))


def test_kernels_are_used_where_they_can_be(rng):
    for reals in (5, 6):
        made = PackedNetwork(small.network(rng, reals, 8, reals), True, True)
        assert made._kernel is not None
    assert inference.kernel_or_none(small.network(rng, 5, 5), "it") is not None
