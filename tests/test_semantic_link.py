# SPDX-License-Identifier: GPL-3.0-or-later
"""Semantic links and Eves: what belongs together, what is refused, what pairs."""

import dataclasses

import numpy as np
import pytest
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.network.network import Layer, Network, run

from . import small_semantic as small

PAIR = ("alice", "bob")


def without(role):
    networks = small.semantic_link(pair=PAIR).networks
    return {key: value for key, value in networks.items() if key != role}


def with_network(role, *sizes):
    rng = np.random.default_rng(1)
    networks = small.semantic_link(pair=PAIR).networks
    return networks | {role: small.network(rng, *sizes)}


@pytest.mark.parametrize(("reals", "n"), [(1, 1), (2, 1), (5, 3), (6, 3)])
def test_an_odd_number_of_reals_takes_one_of_padding(reals, n):
    link = small.semantic_link(reals)
    assert (link.reals, link.n, link.pixels) == (reals, n, 56)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"networks": without("channel_decoder")}, r"missing: \['channel_decoder'\]"),
        ({"networks": without("bob")}, "alice without a bob"),
        ({"networks": with_network("eve", 5, 10)}, r"not known: \['eve'\]"),
        (
            {"networks": with_network("semantic_encoder", 55, 12)},
            r"semantic_encoder maps \(55,\).* must map \(56,\)",
        ),
        (
            {"networks": with_network("channel_decoder", 6, 5)},
            r"channel_decoder maps \(6,\) to \(5,\), must map \(5,\)",
        ),
        (
            {"networks": with_network("semantic_decoder", 5, 55)},
            r"to \(55,\), must map \(5,\) to \(56,\)",
        ),
        ({"networks": with_network("alice", 5, 6)}, r"alice maps \(5,\) to \(6,\)"),
        ({"networks": with_network("bob", 6, 5)}, r"bob maps \(6,\) to \(5,\)"),
        ({"image_shape": (8, 8)}, r"semantic_encoder maps \(56,\).* must map \(64,\)"),
        ({"image_shape": (56,)}, "image_shape"),
        ({"image_shape": (0, 7)}, "image_shape"),
        ({"image_shape": (1, 257)}, "image_shape"),
        ({"keying": "xor"}, "'xor' is not known; choose from none, signs"),
        ({"keying": "rotation"}, "keyed link has no learned alice"),
    ],
)
def test_what_does_not_fit_is_refused(changes, text):
    link = small.semantic_link(pair=PAIR)
    with pytest.raises(ValueError, match=f"semantic link 'small'.*{text}"):
        dataclasses.replace(link, **changes)


def test_a_code_of_several_axes_is_refused():
    networks = dict(small.semantic_link(6).networks)
    fold = Layer("reshape", "fold", {}, {"shape": [2, 3]})
    networks["channel_encoder"] = dataclasses.replace(
        networks["channel_encoder"], layers=(*networks["channel_encoder"].layers, fold)
    )
    networks["channel_decoder"] = Network((Layer("flatten", "flat"),), (2, 3))
    with pytest.raises(ValueError, match=r"shape \(2, 3\), expected \(L,\)"):
        SemanticLink("folded", small.SHAPE, networks)


def test_removing_the_pair_leaves_the_base_bit_for_bit(rng):
    base, link = small.semantic_link(), small.semantic_link(pair=PAIR)
    assert link.sha256 != base.sha256
    assert link.base_sha256 == base.base_sha256 == link.without_pair().base_sha256
    assert link.without_pair().sha256 == base.sha256
    assert (link.hides, link.without_pair().hides) == (True, False)
    x, y = (rng.random((9, k)).astype(np.float32) for k in (56, 5))
    for one, other in zip(
        (link.encoder, link.decoder),
        (link.without_pair().encoder, link.without_pair().decoder),
        strict=True,
    ):
        given = x if one.input_shape == (56,) else y
        assert np.array_equal(run(one, given), run(other, given))


def test_a_keyed_link_hides_and_has_no_need_of_networks():
    link = small.semantic_link(keying="rotation")
    assert link.hides
    assert not link.without_pair().hides
    assert link.base_sha256 == small.semantic_link().base_sha256


def test_the_pairing_says_which_modules_belong_together():
    link = small.semantic_link(pair=PAIR)
    others = [
        small.semantic_link(pair=PAIR, seed=11),  # another of everything
        small.semantic_link(keying="rotation"),
        small.semantic_link(keying="sign_permutation"),
        small.semantic_link(keying="rotation", pair=("bob",)),
        dataclasses.replace(link, networks=with_network("bob", 5, 5)),
        dataclasses.replace(link, networks=with_network("alice", 5, 5)),
        dataclasses.replace(link, networks=with_network("channel_decoder", 5, 5)),
    ]
    found = {other.pairing for other in (link, *others)}
    assert len(found) == len(others) + 1
    assert all(len(pairing) == 16 and int(pairing, 16) >= 0 for pairing in found)
    renamed = dataclasses.replace(link, name="renamed", recipe={})
    assert renamed.pairing == link.pairing  # a name changes no number


@pytest.mark.parametrize(
    ("networks", "text"),
    [
        ({}, "expected classifier"),
        ({"image_decoder": (5, 56)}, "expected classifier"),
        ({"classifier": (5, 10), "bob": (5, 5)}, r"roles are \['bob', 'classifier'\]"),
        (
            {"classifier": (5, 10), "image_decoder": (6, 56)},
            "must have one input shape",
        ),
        ({"classifier": (5, 1)}, r"returns \(1,\), must return 2..255"),
        ({"classifier": (5, 256)}, r"returns \(256,\), must return 2..255"),
    ],
)
def test_an_eve_that_cannot_be_is_refused(networks, text):
    rng = np.random.default_rng(1)
    made = {role: small.network(rng, *sizes) for role, sizes in networks.items()}
    with pytest.raises(ValueError, match=f"Eve 'bad'.*{text}"):
        Eve("bad", made)


def test_an_image_decoder_of_several_axes_is_refused(rng):
    fold = Layer("reshape", "fold", {}, {"shape": [8, 7]})
    made = {
        "classifier": small.network(rng, 5, 10),
        "image_decoder": small.network(rng, 5, 56, end=(fold,)),
    }
    with pytest.raises(
        ValueError, match=r"image_decoder must return shape \(pixels,\), got \(8, 7\)"
    ):
        Eve("bad", made)


def test_eve_says_whether_she_fits_a_link():
    found = small.eve(5, decoder=True)
    assert (found.reals, found.classes, found.pixels) == (5, 10, 56)
    assert small.eve(5).pixels == 0
    found.require_fit(small.semantic_link(5))
    with pytest.raises(ValueError, match="takes 5 reals, link 'small' sends 6"):
        found.require_fit(small.semantic_link(6))
