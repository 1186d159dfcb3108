# SPDX-License-Identifier: GPL-3.0-or-later
"""Semantic links, Eves and images of fixed random numbers, small enough to be quick."""

from itertools import pairwise

import numpy as np
from advphy_model.files.images import Images
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.network.network import Layer, Network

SHAPE = (8, 7)
PIXELS = 56
SECRET, OTHER_SECRET = bytes(range(32)), bytes(range(1, 33))


def dense(rng, name, outputs, inputs):
    """Return a dense layer of random weights that keeps the size of numbers."""
    weight = rng.normal(size=(outputs, inputs)) / inputs**0.5
    bias = 0.3 * rng.normal(size=outputs)
    return Layer(
        "dense",
        name,
        {"weight": weight.astype(np.float32), "bias": bias.astype(np.float32)},
    )


def network(rng, *sizes, end=()):
    """Return dense layers of these sizes with ReLUs between, and the end given."""
    layers = []
    for i, (inputs, outputs) in enumerate(pairwise(sizes)):
        layers += [Layer("relu", f"relu{i}")] if i else []
        layers.append(dense(rng, f"dense{i}", outputs, inputs))
    return Network((*layers, *end), (sizes[0],))


def semantic_link(reals=5, pair=(), keying="none", seed=7, name="small", end=None):
    """Return a link of 8 x 7 pixels; `pair` names the modules that it has."""
    rng = np.random.default_rng(seed)
    power = Layer("l2_normalisation", "power", {}, {"energy": float(reals)})
    end = (power,) if end is None else end
    networks = {
        "semantic_encoder": network(rng, PIXELS, 12, end=(Layer("relu", "last"),)),
        "channel_encoder": network(rng, 12, reals, end=end),
        "channel_decoder": network(rng, reals, reals),
        "semantic_decoder": network(
            rng, reals, 12, PIXELS, end=(Layer("sigmoid", "sigmoid"),)
        ),
    }
    alice, bob = network(rng, reals, 6, reals), network(rng, reals, 6, reals)
    networks |= {
        role: net for role, net in (("alice", alice), ("bob", bob)) if role in pair
    }
    return SemanticLink(name, SHAPE, networks, keying, {"seed": seed})


def eve(reals=5, decoder=False, seed=8, classes=10, name="listener"):
    """Return an Eve, with an image decoder if wanted."""
    rng = np.random.default_rng(seed)
    networks = {"classifier": network(rng, reals, 16, classes)}
    if decoder:
        networks["image_decoder"] = network(rng, reals, 12, PIXELS)
    return Eve(name, networks, {"small": "0" * 64}, {"noise": "none"})


def images(count=61, seed=9, labeled=True, shape=SHAPE):
    """Return random images; 61 of them do not divide any size of a batch."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (count, *shape)).astype(np.uint8)
    labels = rng.integers(0, 10, count).astype(np.uint8) if labeled else None
    return Images("random", pixels, labels)
