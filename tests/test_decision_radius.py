# SPDX-License-Identifier: GPL-3.0-or-later
"""Certified radii: equal to brute force, and never above what an attack finds."""

import itertools

import numpy as np
import pytest
import torch
from advphy_model.complex_baseband import to_complex, to_reals
from advphy_model.link import links
from advphy_model.link.link_model import LinkModel
from advphy_model.measure import sign_search
from advphy_model.measure.decision_radius import radii
from advphy_model.network.network import Layer, Network, run
from advphy_training.attacked_link import AttackedLink
from advphy_training.projected_ascent import ascend, project

M, INPUTS, UNITS = 4, 4, 5


def dense(name, random, outputs, inputs):
    weight, bias = random.normal(size=(outputs, inputs)), random.normal(size=outputs)
    return Layer("dense", name, {"weight": weight, "bias": 0.3 * bias})


def link(layers, random):
    """Return a link of 4 random codewords that the layers decide correctly, or None."""
    rows = 2 * random.normal(size=(4000, INPUTS))
    decided = run(Network(layers, (INPUTS,)), rows).argmax(axis=1)
    if len(set(decided)) < M:
        return None
    rows = rows[[np.flatnonzero(decided == message)[0] for message in range(M)]]
    scale = np.sqrt((rows**2).sum(axis=1).mean() / (INPUTS / 2))
    back = Layer("average_power_normalisation", "scale", {"scale": np.array([scale])})
    decoder = {"decoder": Network((back, *layers), (INPUTS,))}
    codebook = to_complex(rows / scale)
    return LinkModel("random", 2, INPUTS // 2, codebook, "network", decoder)


def random_links(count, make):
    """Yield links of random networks, as many as wanted."""
    randoms = map(np.random.default_rng, itertools.count(1))
    found = (link(make(random), random) for random in randoms)
    return itertools.islice(filter(None, found), count)


def one_hidden(random, kind="relu"):
    return (
        dense("hidden", random, UNITS, INPUTS),
        Layer(kind, kind),
        dense("output", random, M, UNITS),
    )


def two_hidden(random, kind="relu"):
    return (
        dense("first", random, UNITS, INPUTS),
        Layer(kind, "one"),
        dense("second", random, UNITS, UNITS),
        Layer(kind, "two"),
        dense("output", random, M, UNITS),
    )


def convolution(random, kind="relu"):
    taps = {"weight": random.normal(size=(2, 1, 3)), "bias": random.normal(size=2)}
    return (
        Layer("reshape", "row", {}, {"shape": (1, INPUTS)}),
        Layer("conv1d", "taps", taps, {"padding": (1, 1)}),
        Layer(kind, kind),
        Layer("flatten", "flat"),
        dense("output", random, M, 2 * INPUTS),
    )


def brute_force(model, message):
    """Return the radius of a network with one hidden layer by enumeration.

    The nearest wrong point is the projection of the codeword onto an intersection of
    planes: the difference of two outputs under some signs of the units is 0, and at
    most three units are 0, too. All of these points at which the network itself decides
    wrongly are compared.
    """
    back, hidden, _, output = model.networks["decoder"].layers
    w, b = (hidden.parameters[name] for name in ("weight", "bias"))
    w = w * back.parameters["scale"]
    v, c = (output.parameters[name] for name in ("weight", "bias"))
    x = np.concatenate([model.codebook[message].real, model.codebook[message].imag])
    signs = np.array(list(itertools.product([0, 1], repeat=UNITS)))
    best = np.inf
    for other in set(range(M)) - {message}:
        difference = v[other] - v[message]
        plane = (signs * difference) @ w  # [patterns, inputs]
        level = (signs * difference) @ (b + w @ x) + c[other] - c[message]
        for count in range(INPUTS):
            for units in map(list, itertools.combinations(range(UNITS), count)):
                shape = (len(signs), count, INPUTS)
                both = np.concatenate(
                    [plane[:, None], np.broadcast_to(w[units], shape)], axis=1
                )
                zero = np.broadcast_to(b[units] + w[units] @ x, shape[:2])
                levels = np.concatenate([level[:, None], zero], axis=1)
                square = both @ both.transpose(0, 2, 1) + 1e-13 * np.eye(count + 1)
                share = np.linalg.solve(square, levels[..., None])
                p = -(both.transpose(0, 2, 1) @ share)[..., 0]
                z = np.maximum((x + p) @ w.T + b, 0) @ v.T + c
                wrong = z[:, other] >= z[:, message] - 1e-9
                best = min(best, np.linalg.norm(p[wrong], axis=1).min(initial=np.inf))
    return best


@pytest.mark.parametrize("networks", [10, pytest.param(50, marks=pytest.mark.slow)])
def test_the_exact_radius_is_that_of_brute_force_on_random_networks(networks):
    for model in random_links(networks, one_hidden):
        for message, radius in enumerate(radii(model)):
            assert radius.exact
            truth = brute_force(model, message)
            assert radius.certified == pytest.approx(truth, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("make", [one_hidden, two_hidden, convolution])
@pytest.mark.parametrize("kind", ["relu", "elu"])
def test_no_point_inside_a_certified_ball_is_decided_differently(make, kind):
    random = np.random.default_rng(5)
    way = random.normal(size=(4000, INPUTS))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    shares = []
    for model in random_links(6, lambda random: make(random, kind)):
        book = np.hstack([model.codebook.real, model.codebook.imag]).astype(float)
        for message, radius in enumerate(radii(model)):
            assert 0 <= radius.certified <= radius.found
            inside = book[message] + 0.9999 * radius.certified * way
            decided = run(model.networks["decoder"], inside).argmax(axis=1)
            assert np.all(decided == message)
            shares.append(radius.certified / radius.found)
    assert np.median(shares) > 0.4


@pytest.mark.parametrize("make", [two_hidden, convolution])
def test_relu_is_exact_behind_two_layers_and_behind_a_convolution(make):
    for model in random_links(8, make):
        assert all(radius.exact for radius in radii(model))


def test_planes_that_a_point_satisfies_are_no_farther_than_it():
    # Many planes meet in one point, some of them nearly opposite: scipy's multipliers
    # are then large numbers at times, which prove nothing.
    random = np.random.default_rng(7)
    for _ in range(1500):
        rows = random.normal(size=(int(random.integers(4, 14)), 3))
        rows[1] = -rows[0] + 1e-9 * random.normal(size=3)
        point = random.normal(size=3)
        least = rows @ point - 0.3 * np.maximum(random.normal(size=len(rows)), 0)
        _, bound = sign_search.least_distance(rows, least)
        assert bound <= np.linalg.norm(point) * (1 + 1e-9)


def test_a_network_without_a_hidden_layer_has_half_the_distances():
    model = links.load("two_simplices")
    reals = to_reals(model.codebook)
    values = {"weight": reals, "bias": -0.5 * (reals**2).sum(axis=1)}
    decoder = {"decoder": Network((Layer("dense", "output", values),), (14,))}
    model = LinkModel("linear", 4, 7, model.codebook, "network", decoder)
    for radius in radii(model):
        assert radius.exact
        assert radius.certified == pytest.approx(14**0.5 / 2, rel=1e-6)


def test_gradient_ascent_finds_no_error_inside_the_ball_of_a_convolutional_link():
    model = links.load("autoencoder_cnn")
    attacked = AttackedLink(model, 8.0)
    for message, radius in enumerate(itertools.islice(radii(model, 100), 2)):
        way = torch.tensor(to_reals(np.delete(model.codebook, message, axis=0)))
        way = way - attacked.codebook[message]
        sent = torch.full((len(way),), message)

        def crosses(norm, way=way, sent=sent, x=attacked.codebook[message]):
            p = project(way, norm)
            *_, p = ascend(p, lambda p: attacked.margin(x + p, sent), 40)
            return bool((attacked.margin(x + p, sent) > 0).any())

        assert not crosses(0.999 * radius.certified)
        assert crosses(1.001 * radius.found)
        assert radius.certified > 0.9 * radius.found
