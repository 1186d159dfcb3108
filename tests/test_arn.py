# SPDX-License-Identifier: GPL-3.0-or-later
"""The pair: residuals added and subtracted, keyed transforms undone, power kept."""

import numpy as np
import pytest
from advphy_model.link.arn import AliceModule, BobModule
from advphy_model.link.keying import Keying
from advphy_model.link.received_keys import ReceivedKeys

from . import small_semantic as small
from .test_packed_network import batch, by_hand

PAIR = ("alice", "bob")
KEYINGS = ("signs", "sign_permutation", "rotation")
both = pytest.mark.parametrize("module", [AliceModule, BobModule])


@pytest.mark.parametrize("reals", [5, 6])
def test_alice_adds_and_bob_subtracts_what_their_networks_say(reals, rng):
    link = small.semantic_link(reals, PAIR)
    x = batch(rng, 40, reals, True)
    if reals % 2:
        x.imag[:, -1] = 0  # the padding as Alice gets it
    out = np.empty_like(x)
    AliceModule(link).run(x, 0, out)
    expected = x + by_hand(link.networks["alice"], x, True, True)  # [arn, eq. 15]
    assert np.allclose(out, expected, atol=1e-6)
    BobModule(link).run(x, 0, out)
    expected = x - by_hand(link.networks["bob"], x, True, True)  # [arn, eq. 17]
    assert np.allclose(out, expected, atol=1e-6)


@pytest.mark.parametrize("keying", KEYINGS)
@pytest.mark.parametrize("reals", [5, 6, 23])
def test_bob_undoes_a_key_exactly_and_power_is_kept(keying, reals, rng):
    link = small.semantic_link(reals, keying=keying)
    x = batch(rng, 200, reals, True)
    if reals % 2:
        x.imag[:, -1] = 0
    sent, back = np.empty_like(x), np.empty_like(x)
    AliceModule(link, small.SECRET).run(x, 1000, sent)
    BobModule(link, small.SECRET).run(sent, 1000, back)
    assert np.allclose(back, x, atol=2e-6)
    norms = [np.linalg.norm(v, axis=1) for v in (x, sent)]
    assert np.allclose(*norms, rtol=1e-5)
    assert np.abs(sent - x).max() > 0.5
    if keying != "signs":  # each message has a key of its own
        AliceModule(link, small.SECRET).run(x[:1].repeat(9, axis=0), 0, sent[:9])
        assert len(np.unique(sent[:9].round(4), axis=0)) > 6


def test_bob_denoises_behind_the_inverse(rng):
    link = small.semantic_link(6, ("bob",), "rotation")
    y, out = batch(rng, 30, 6, True), np.empty((30, 3), np.complex64)
    BobModule(link, small.SECRET).run(y, 5, out)
    inverse = Keying("rotation", small.SECRET, 6).invert(y, 5)
    expected = inverse - by_hand(link.networks["bob"], inverse, True, True)
    assert np.allclose(out, expected, atol=1e-6)


def test_another_secret_or_index_gives_something_else(rng):
    link = small.semantic_link(6, keying="rotation")
    x = batch(rng, 100, 6, True)
    sent, back = np.empty_like(x), np.empty_like(x)
    AliceModule(link, small.SECRET).run(x, 0, sent)
    for secret, index in ((small.OTHER_SECRET, 0), (small.SECRET, 1)):
        BobModule(link, secret).run(sent, index, back)
        # Independent directions: E||a - b||^2 = 2 E||x||^2.
        ratio = np.sum(np.abs(back - x) ** 2) / np.sum(np.abs(x) ** 2)
        assert 1.5 < ratio < 2.5


@both
@pytest.mark.parametrize(
    "arguments",
    [
        {"pair": PAIR},
        {"keying": "rotation", "pair": ("bob",)},
        {"keying": "sign_permutation"},
    ],
)
def test_in_place_and_in_pieces_is_the_same(module, arguments, rng):
    link = small.semantic_link(5, **arguments)
    secret = None if link.keying == "none" else small.SECRET
    x = batch(rng, 90, 5, True)
    whole, pieces = np.empty_like(x), x.copy()
    module(link, secret).run(x, 7, whole)
    made, at = module(link, secret), 0
    for size in (1, 50, 2, 37):  # a larger batch after a smaller one, and back
        part = pieces[at : at + size]
        made.run(part, 7 + at, part)
        at += size
    assert np.array_equal(pieces, whole)


@both
def test_what_lacks_a_module_or_a_secret_is_refused(module):
    with pytest.raises(ValueError, match=r"'small' has no module.*paired_arn"):
        module(small.semantic_link())
    with pytest.raises(ValueError, match="'small' is keyed: give the file of the sec"):
        module(small.semantic_link(keying="rotation"))
    with pytest.raises(ValueError, match="got 5 bytes"):
        module(small.semantic_link(keying="rotation"), b"short")


@pytest.mark.parametrize(
    "arguments",
    [
        {"pair": PAIR},
        {"keying": "rotation", "pair": ("bob",)},
        {"keying": "rotation"},
        {"keying": "sign_permutation"},
    ],
)
def test_what_is_not_finite_stays_in_its_item(arguments, rng):
    link = small.semantic_link(6, **arguments)
    secret = None if link.keying == "none" else small.SECRET
    y = batch(rng, 20, 6, True)
    clean, found = np.empty_like(y), np.empty_like(y)
    BobModule(link, secret).run(y, 0, clean)
    y[4, 1] = np.nan
    BobModule(link, secret).run(y, 0, found)
    fine = np.arange(20) != 4
    assert np.array_equal(found[fine], clean[fine])
    assert np.isnan(found[4]).any()


def test_a_forged_nonce_does_not_shut_alice_out(rng):
    link = small.semantic_link(6, keying="rotation")
    nonce, x = bytes(range(12)), batch(rng, 8, 6, True)
    alice, keys = (
        AliceModule(link, small.SECRET, nonce),
        ReceivedKeys(link, small.SECRET),
    )

    def arrives(index, *known):
        sent, out = np.empty_like(x), np.empty_like(x)
        alice.run(x, index, sent)
        keys.take(index, *known)
        keys.reveal(sent, out)
        return np.allclose(out, x, atol=1e-5)

    check = f"{int(alice.keying.checks(0, 1)[0]):016x}"
    assert not arrives(0, b"")
    assert arrives(8, nonce, None)
    assert arrives(16, nonce)
    assert not arrives(24, bytes(12))  # without a check
    assert arrives(32, nonce)
    assert not arrives(40, b"x" * 12, check)
    assert arrives(48, nonce)
    assert not arrives(48, nonce)
    assert keys.counts == {
        "wrong": 8,
        "repeated": 8,
        "replayed": 0,
        "waiting": 8,
        "lost": 0,
    }
